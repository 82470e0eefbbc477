import {
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  PostConstruct,
  Processor,
  Resource,
  StreamListener,
} from '@streambind/core';

/** Sends to itself: input and output name one destination. */
@Component()
@EnableBinding(Processor)
export class Echo {
  @Resource() private readonly output!: MessageChannel;

  @PostConstruct()
  async send(): Promise<void> {
    await this.output.send(MessageBuilder.withPayload('hello from require').build());
  }

  @StreamListener(Processor.INPUT)
  on(text: string): void {
    console.log(`received ${text}`);
  }
}
