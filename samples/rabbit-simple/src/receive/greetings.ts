import { Input, SubscribableChannel } from '@streambind/core';

/** The inputs of this application. */
export class Greetings {
  @Input() readonly automatic!: SubscribableChannel;
  @Input() readonly manual!: SubscribableChannel;
}
