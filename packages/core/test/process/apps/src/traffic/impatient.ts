import { Component, PostConstruct, Profile, Value } from '@streambind/core';

/** Ends the process in the middle of its work, as a user's own `process.exit` does. */
@Component()
@Profile('impatient')
export class Impatient {
  @Value('${exit-after-ms:0}') private readonly exitAfterMs!: number;

  @PostConstruct()
  begin(): void {
    setTimeout(() => process.exit(7), this.exitAfterMs);
  }
}
