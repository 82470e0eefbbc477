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
  @Value('${names:Ada,Grace,Edsger}') private readonly names!: string;

  /** A send resolves when RabbitMQ has the message on its disk. */
  async greet(): Promise<void> {
    for (const name of this.names.split(',')) {
      await this.output.send(MessageBuilder.withPayload(`Hello ${name}`).build());
      console.log(`sent: Hello ${name}`);
    }
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).greet();
await application.stop();
