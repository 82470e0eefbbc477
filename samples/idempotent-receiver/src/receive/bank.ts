import { setTimeout as pause } from 'node:timers/promises';
import { Component, EnableBinding, IdempotentReceiver, Sink, StreamListener, Value } from '@streambind/core';

export class Payment {
  readonly order!: string;
  readonly amount!: number;
}

@Component()
@EnableBinding(Sink)
export class Bank {
  @Value('${payments.work}') private readonly work!: number;

  @StreamListener(Sink.INPUT)
  @IdempotentReceiver({ key: 'payload.order', lease: '${payments.lease}' })
  async pay(payment: Payment): Promise<void> {
    await pause(this.work);
    console.log(`paid ${payment.amount} for order ${payment.order}`);
  }
}
