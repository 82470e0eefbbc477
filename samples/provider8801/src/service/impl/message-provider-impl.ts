import { randomUUID } from 'node:crypto';
import { EnableBinding, MessageBuilder, MessageChannel, Resource, Source } from '@streambind/core';
import { IMessageProvider } from '../message-provider.js';

/** Defines where messages are pushed to. */
@EnableBinding(Source)
export class MessageProviderImpl extends IMessageProvider {
  @Resource() private readonly output!: MessageChannel;

  async send(): Promise<void> {
    const serial = randomUUID();
    await this.output.send(MessageBuilder.withPayload(serial).build());
    console.log(`*****serial: ${serial}`);
  }
}
