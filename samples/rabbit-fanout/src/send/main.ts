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
  @Value('${headlines:rain,sun,snow}') private readonly headlines!: string;

  async send(): Promise<void> {
    for (const headline of this.headlines.split(',')) {
      await this.output.send(MessageBuilder.withPayload(headline).build());
      console.log(`sent: ${headline}`);
    }
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
