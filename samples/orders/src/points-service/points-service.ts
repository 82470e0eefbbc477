import { Component, EnableBinding, Input, StreamListener, SubscribableChannel } from '@streambind/core';
import { Order } from '../order.js';

class PointsInput {
  @Input() readonly points!: SubscribableChannel;
}

@Component()
@EnableBinding(PointsInput)
export class PointsService {
  @StreamListener('points')
  add(order: Order): void {
    console.log(`order ${order.orderno}: ${order.amount} points for ${order.buyer}`);
  }
}
