import { Input, SubscribableChannel } from '@streambind/core';

/** The inputs of this application. */
export class Items {
  @Input() readonly search!: SubscribableChannel;
  @Input() readonly cache!: SubscribableChannel;
}
