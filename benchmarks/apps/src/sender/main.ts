/**
 * Sends through a MessageChannel, so many at once, and prints how long that took.
 * `--bench.messages` counted, after `--bench.warm-up` that are not, `--bench.in-flight` of them not confirmed at a time.
 */
import { BootApplication, Component, EnableBinding, MessageBuilder, MessageChannel } from '@streambind/core';
import { Resource, Source, Value, runApplication } from '@streambind/core';

const PAYLOAD = Buffer.alloc(1024, 'x');

@Component()
@EnableBinding(Source)
class Sender {
  @Resource() private readonly output!: MessageChannel;
  @Value('${bench.in-flight}') private readonly inFlight!: number;

  async send(messages: number): Promise<void> {
    let left = messages;
    const one = async (): Promise<void> => {
      while (left-- > 0) await this.output.send(MessageBuilder.withPayload(PAYLOAD).build());
    };
    await Promise.all(Array.from({ length: this.inFlight }, one));
  }
}

@BootApplication({ components: [Sender] })
class Main {}

const application = await runApplication(Main, import.meta);
const [messages, warmUp] = ['bench.messages', 'bench.warm-up'].map((key) => Number(application.environment.get(key)));
const sender = application.get(Sender);
await sender.send(warmUp!);
const started = performance.now();
await sender.send(messages!);
const ms = performance.now() - started;
await application.stop();
console.log(JSON.stringify({ messages, ms }));
