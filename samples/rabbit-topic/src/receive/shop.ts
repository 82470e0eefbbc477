import { Input, SubscribableChannel } from '@streambind/core';

/** The inputs of this application. */
export class Shop {
  @Input() readonly star!: SubscribableChannel;
  @Input() readonly hash!: SubscribableChannel;
  @Input() readonly inserts!: SubscribableChannel;
}
