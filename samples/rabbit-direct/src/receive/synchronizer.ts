import { Component, EnableBinding, StreamListener } from '@streambind/core';
import { Items } from './items.js';

/** Keeps what was derived from a database in step with it. */
@Component()
@EnableBinding(Items)
export class Synchronizer {
  @StreamListener('search')
  index(change: string): void {
    console.log(`search: ${change}`);
  }

  @StreamListener('cache')
  evict(change: string): void {
    console.log(`cache: ${change}`);
  }
}
