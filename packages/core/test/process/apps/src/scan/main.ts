/** Components beside the main class, below it, exported or not. */
import { BootApplication, Component, PostConstruct, runApplication } from '@streambind/core';

@Component()
// oxlint-disable-next-line no-unused-vars -- the scan finds it
class BesideTheMainClass {
  @PostConstruct()
  tell(): void {
    console.log(BesideTheMainClass.name);
  }
}

@BootApplication()
class Scanned {}

await runApplication(Scanned, import.meta);
