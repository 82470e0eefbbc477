/** What the order service tells the others. */
export class Order {
  orderno = '';
  buyer = '';
  amount = 0;
}
