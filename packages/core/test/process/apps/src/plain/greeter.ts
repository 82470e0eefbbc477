import { Component, PostConstruct, Profile, Value } from '@streambind/core';

/** Prints settings, to see which source won. */
@Component()
@Profile('greeter')
export class Greeter {
  @Value('${greeting.text:nothing}') private readonly text!: string;
  @Value('${greeting.from-root:nothing}') private readonly fromRoot!: string;
  @Value('${greeting.from-profile:nothing}') private readonly fromProfile!: string;

  @PostConstruct()
  greet(): void {
    console.log(`text=${this.text} root=${this.fromRoot} profile=${this.fromProfile}`);
  }
}
