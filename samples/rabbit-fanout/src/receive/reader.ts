import { Component, EnableBinding, Sink, StreamListener, Value } from '@streambind/core';

@Component()
@EnableBinding(Sink)
export class Reader {
  @Value('${reader}') private readonly name!: string;

  @StreamListener(Sink.INPUT)
  read(headline: string): void {
    console.log(`${this.name}: ${headline}`);
  }
}
