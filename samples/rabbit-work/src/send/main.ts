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
  @Value('${tasks:30}') private readonly tasks!: number;

  async send(): Promise<void> {
    for (let task = 1; task <= this.tasks; task++) {
      await this.output.send(MessageBuilder.withPayload(`task ${task}`).build());
    }
    console.log(`sent: ${this.tasks} tasks`);
  }
}

const application = await runApplication(Send, import.meta);
await application.get(Send).send();
await application.stop();
