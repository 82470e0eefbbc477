import { Resource } from '@streambind/core';
import { GetMapping, RestController } from '@streambind/web';
import { IMessageProvider } from '../service/message-provider.js';

@RestController()
export class SendMessageController {
  @Resource() private readonly messageProvider!: IMessageProvider;

  @GetMapping('/sendMessage')
  sendMessage(): Promise<void> {
    return this.messageProvider.send();
  }
}
