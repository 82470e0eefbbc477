/** Where the broker is. */
export const address = { host: '127.0.0.1', port: Number(process.env['BENCH_PORT']) } as const;
