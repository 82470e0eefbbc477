/** One listener and nothing else: what the start-up is measured with. */
import { BootApplication, Component, EnableBinding, Sink, StreamListener, runApplication } from '@streambind/core';

@Component()
@EnableBinding(Sink)
class Listener {
  @StreamListener(Sink.INPUT)
  on(body: string): void {
    console.log(body);
  }
}

@BootApplication({ components: [Listener] })
class Main {}

await runApplication(Main, import.meta);
