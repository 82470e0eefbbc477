import {
  BootApplication,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Resource,
  Source,
  Value,
  runApplication,
} from '@streambind/core';

@BootApplication()
@EnableBinding(Source)
class Send {
  @Resource() private readonly output!: MessageChannel;
  @Value('${orders:3}') private readonly orders!: number;

  /** Sends each payment twice, as a sender does that was not sure of the first time. */
  async send(): Promise<void> {
    for (let number = 1; number <= this.orders; number++) {
      const payment = { order: `4711-${number}`, amount: 100 };
      for (let time = 0; time < 2; time++) await this.output.send(MessageBuilder.withPayload(payment).build());
    }
    console.log(`sent: ${this.orders} payments, each twice`);
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
