/** The message of the benchmarks with a broker: an order whose JSON has 1024 bytes. */
export interface Order {
  readonly id: string;
  readonly lines: readonly { readonly sku: string; readonly amount: number; readonly note: string }[];
  readonly customer: string;
  /** Milliseconds, of the monotonic clock of the process that sends and receives: when it was due. Fixed width. */
  at: number;
}

const JSON_BYTES = 1024;

export function newOrder(): Order {
  const lines = Array.from({ length: 8 }, (_, n) => ({ sku: `sku-${1000 + n}`, amount: n, note: 'handle with care' }));
  const order = { id: 'o-1', lines, customer: '', at: 0 };
  order.customer = 'c'.repeat(JSON_BYTES - JSON.stringify(order).length);
  return order;
}
