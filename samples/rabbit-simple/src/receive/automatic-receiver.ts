import { Component, EnableBinding, StreamListener } from '@streambind/core';
import { Greetings } from './greetings.js';

@Component()
@EnableBinding(Greetings)
export class AutomaticReceiver {
  /** The end of the method acknowledges the message. What it throws does not: the message is tried again. */
  @StreamListener('automatic')
  receive(text: string): void {
    console.log(`automatic: ${text}`);
    if (text === 'Hello nobody') throw new Error('there is nobody to greet');
  }
}
