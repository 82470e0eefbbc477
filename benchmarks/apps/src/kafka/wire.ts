/** Where the broker is; the benchmark has made the topics. */
export const bootstrapServers = `127.0.0.1:${process.env['BENCH_PORT']}`;
