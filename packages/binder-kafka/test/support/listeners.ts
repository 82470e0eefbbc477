/** The programs of the recordings, as a user of this framework writes them. */
import {
  Component,
  EnableBinding,
  Message,
  MessageChannel,
  MessageHeaders,
  Payload,
  Processor,
  Resource,
  SendTo,
  Sink,
  Source,
  StreamListener,
  type Class,
} from '@streambind/core';
import { Order } from './recorded-messages.js';

@Component()
@EnableBinding(Source)
export class Sender {
  @Resource() readonly output!: MessageChannel;
  static last: Sender;
  constructor() {
    Sender.last = this;
  }
}

class Invoice {
  constructor(
    readonly orderId: string | null,
    readonly total: number,
  ) {}
}

@Component()
@EnableBinding(Processor)
class Upper {
  @StreamListener(Processor.INPUT)
  @SendTo(Processor.OUTPUT)
  on(text: string): string {
    return text.toUpperCase();
  }
}

@Component()
@EnableBinding(Processor)
class Bill {
  @StreamListener(Processor.INPUT)
  @SendTo(Processor.OUTPUT)
  on(order: Order): Invoice {
    return new Invoice(order.id, 2 * order.amount);
  }
}

export const PROCESSORS: Readonly<Record<string, Class>> = {
  '3.2.10 @StreamListener @SendTo String→String': Upper,
  '3.2.10 @StreamListener @SendTo POJO→POJO': Bill,
};

@Component()
@EnableBinding(Sink)
export class Failing {
  @StreamListener(Sink.INPUT)
  on(text: string): void {
    if (text === 'poison-null') throw new Error();
    const message = `poison: ${text}`;
    throw new Error(message, { cause: new Error('below it') });
  }
}

@Component()
@EnableBinding(Sink)
export class Ordering {
  @StreamListener(Sink.INPUT)
  on(order: Order): void {
    throw new Error(`must not be called with ${String(order)}`);
  }
}

export interface Got {
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}
/** What the sinks were called with, in order. */
export const got: Got[] = [];
const take = (payload: unknown, headers: MessageHeaders): void => void got.push({ payload, headers });

@Component()
@EnableBinding(Sink)
class SinkString {
  @StreamListener(Sink.INPUT)
  on(@Payload() text: string, headers: MessageHeaders): void {
    take(text, headers);
  }
}

@Component()
@EnableBinding(Sink)
class SinkPojo {
  @StreamListener(Sink.INPUT)
  on(@Payload() order: Order, headers: MessageHeaders): void {
    take(order, headers);
  }
}

@Component()
@EnableBinding(Sink)
class SinkBytes {
  @StreamListener(Sink.INPUT)
  on(@Payload() bytes: Buffer, headers: MessageHeaders): void {
    take(bytes, headers);
  }
}

@Component()
@EnableBinding(Sink)
class SinkObject {
  @StreamListener(Sink.INPUT)
  on(@Payload() value: unknown, headers: MessageHeaders): void {
    take(value, headers);
  }
}

@Component()
@EnableBinding(Sink)
class SinkMap {
  @StreamListener(Sink.INPUT)
  on(@Payload() value: Record<string, unknown>, headers: MessageHeaders): void {
    take(value, headers);
  }
}

@Component()
@EnableBinding(Sink)
class SinkMessage {
  @StreamListener(Sink.INPUT)
  on({ payload, headers }: Message<unknown>): void {
    take(payload, headers);
  }
}

/** By their names in the recordings. */
export const SINKS: Readonly<Record<string, Class>> = {
  'sink-string': SinkString,
  'sink-pojo': SinkPojo,
  'sink-bytes': SinkBytes,
  'sink-object': SinkObject,
  'sink-map': SinkMap,
  'sink-message': SinkMessage,
};
