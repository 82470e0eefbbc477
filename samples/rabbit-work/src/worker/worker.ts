import { setTimeout as pause } from 'node:timers/promises';
import { Component, EnableBinding, Sink, StreamListener, Value } from '@streambind/core';

@Component()
@EnableBinding(Sink)
export class Worker {
  @Value('${worker.name}') private readonly name!: string;
  @Value('${worker.pause}') private readonly pause!: number;

  @StreamListener(Sink.INPUT)
  async work(task: string): Promise<void> {
    await pause(this.pause);
    console.log(`${this.name}: ${task}`);
  }
}
