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
  @Value('${subjects:item,item.insert,item.update,item.update.price,user.insert,user.delete}')
  private readonly subjects!: string;

  async send(): Promise<void> {
    for (const subject of this.subjects.split(',')) {
      await this.output.send(MessageBuilder.withPayload(subject).setHeader('subject', subject).build());
      console.log(`sent: ${subject}`);
    }
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
