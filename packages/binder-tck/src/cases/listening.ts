/** What the cases have in common that run a listener in an application. */
import { Component, EnableBinding, Header, Sink, StreamListener, type Class } from '@streambind/core';
import { ID_HEADER } from '../spi.js';
import type { RawPublication } from '../subject.js';

export const CONSUMER = 'spring.cloud.stream.bindings.input.consumer';

export const text = (id: string, body = id): RawPublication => ({
  payload: Buffer.from(body),
  headers: { [ID_HEADER]: id, contentType: 'text/plain' },
});

/** A listener whose behaviour the case decides. */
export function listener(on: (id: string, attempt: number) => void | Promise<void>): Class {
  @Component()
  @EnableBinding(Sink)
  class Listener {
    @StreamListener(Sink.INPUT)
    on(@Header(ID_HEADER) id: string, @Header('deliveryAttempt') attempt: number): void | Promise<void> {
      return on(id, attempt);
    }
  }
  return Listener;
}
