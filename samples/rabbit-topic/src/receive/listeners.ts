import { Component, EnableBinding, StreamListener } from '@streambind/core';
import { Shop } from './shop.js';

@Component()
@EnableBinding(Shop)
export class Listeners {
  @StreamListener('star')
  star(subject: string): void {
    console.log(`item.*: ${subject}`);
  }

  @StreamListener('hash')
  hash(subject: string): void {
    console.log(`item.#: ${subject}`);
  }

  @StreamListener('inserts')
  inserts(subject: string): void {
    console.log(`*.insert: ${subject}`);
  }
}
