import { Component, EnableBinding, Header, Sink, StreamListener } from '@streambind/core';

export class Invoice {
  number = 0;
  amount = 0;
}

@Component()
@EnableBinding(Sink)
export class Billing {
  @StreamListener(Sink.INPUT)
  charge(invoice: Invoice, @Header('deliveryAttempt') attempt: number): void {
    console.log(`${new Date().toISOString()} invoice ${invoice.number}, attempt ${attempt}`);
    if (invoice.amount < 0) throw new RangeError(`a negative amount: ${invoice.amount}`);
  }
}
