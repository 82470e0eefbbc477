/** Where the broker is; the benchmark has made the exchange and the queue as the binder would. */
export const address = {
  hostname: '127.0.0.1',
  port: Number(process.env['BENCH_PORT']),
  username: 'guest',
  password: 'guest',
} as const;
