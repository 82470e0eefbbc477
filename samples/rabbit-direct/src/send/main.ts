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
  @Value('${changes:insert,update,delete,rename}') private readonly changes!: string;

  async send(): Promise<void> {
    for (const change of this.changes.split(',')) {
      await this.output.send(MessageBuilder.withPayload(`${change} item 42`).setHeader('change', change).build());
      console.log(`sent: ${change}`);
    }
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
