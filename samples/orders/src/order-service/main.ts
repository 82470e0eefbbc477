import {
  BootApplication,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Output,
  Resource,
  Value,
  runApplication,
} from '@streambind/core';
import type { Order } from '../order.js';

class Shop {
  @Output() readonly orders!: MessageChannel;
}

@BootApplication()
@EnableBinding(Shop)
class OrderService {
  @Resource() private readonly orders!: MessageChannel;
  @Value('${count:3}') private readonly count!: number;

  async place(): Promise<void> {
    for (let n = 1; n <= this.count; n++) {
      const order: Order = { orderno: String(10_000 + n), buyer: `buyer ${n}`, amount: 10 * n };
      await this.orders.send(MessageBuilder.withPayload(order).build());
      console.log(`order ${order.orderno} placed`);
    }
  }
}

const application = await runApplication(OrderService, import.meta);
await application.get(OrderService).place();
await application.stop();
