/** Stops by itself; nothing may keep its process alive then. */
import {
  Application,
  BootApplication,
  EnableBinding,
  MessageBuilder,
  Processor,
  StreamListener,
} from '@streambind/core';
import { MessageChannel, Resource, runApplication } from '@streambind/core';

let received!: () => void;
const arrived = new Promise<void>((resolve) => (received = resolve));

@BootApplication()
@EnableBinding(Processor)
class StopsItself {
  @Resource() readonly output!: MessageChannel;

  @StreamListener(Processor.INPUT)
  on(): void {
    received();
  }
}

const application: Application = await runApplication(StopsItself, import.meta);
await application.get(StopsItself).output.send(MessageBuilder.withPayload('one').build());
await arrived;
await application.stop();
console.log('stopped');
