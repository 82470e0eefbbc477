import { Component, EnableBinding, Input, StreamListener, SubscribableChannel } from '@streambind/core';
import { Order } from '../order.js';

class PushInput {
  @Input() readonly push!: SubscribableChannel;
}

@Component()
@EnableBinding(PushInput)
export class PushService {
  @StreamListener('push')
  send(order: Order): void {
    console.log(`order ${order.orderno}: pushed to the app of ${order.buyer}`);
  }
}
