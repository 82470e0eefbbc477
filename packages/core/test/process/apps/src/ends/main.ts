/** Only sends, then has nothing more to do. */
import { BootApplication, EnableBinding, MessageBuilder, PreDestroy, Source } from '@streambind/core';
import { MessageChannel, Resource, runApplication } from '@streambind/core';

@BootApplication()
@EnableBinding(Source)
class Ends {
  @Resource() readonly output!: MessageChannel;

  @PreDestroy()
  release(): void {
    console.log('released');
  }
}

const application = await runApplication(Ends, import.meta);
await application.get(Ends).output.send(MessageBuilder.withPayload('one').build());
console.log('sent');
