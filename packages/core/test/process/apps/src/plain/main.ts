/** An application that does nothing of its own, unless a profile asks it to misbehave. */
import { BootApplication, Component, EnableBinding, Sink, StreamListener, runApplication } from '@streambind/core';

@Component()
@EnableBinding(Sink)
// oxlint-disable-next-line no-unused-vars -- the scan finds it
class Listener {
  @StreamListener(Sink.INPUT)
  on(text: string): void {
    console.log(`received ${text}`);
  }
}

@BootApplication()
class Plain {}

await runApplication(Plain, import.meta);
