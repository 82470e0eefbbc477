import {
  BootApplication,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Resource,
  Source,
  runApplication,
} from '@streambind/core';

@BootApplication()
@EnableBinding(Source)
class Send {
  @Resource() private readonly output!: MessageChannel;

  /** Sends one invoice that nobody can charge, and a good one behind it. */
  async send(): Promise<void> {
    for (const invoice of [
      { number: 1, amount: -5 },
      { number: 2, amount: 20 },
    ]) {
      await this.output.send(MessageBuilder.withPayload(invoice).build());
      console.log(`sent: invoice ${invoice.number}`);
    }
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
