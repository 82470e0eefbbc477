import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from '@jest/globals';
import { LIMIT_MS, ROOT, cleanUp, portOf, temporaryFolder } from '../../../packages/core/test/process/harness.js';
import { onEachBinder } from '../../provider8801/test/on-each-binder.js';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

await onEachBinder(({ service }) => {
  test("prints the tutorial's line for what the provider sends", async () => {
    const port = await freePort();
    const consumer = service('consumer8802', `--server.port=${port}`);
    await consumer.started();
    const provider = service('provider8801', '--server.port=0');
    expect((await fetch(`http://127.0.0.1:${await portOf(provider)}/sendMessage`)).status).toBe(200);
    const [, serial] = (await provider.line(/^\*{5}serial: /)).split(' ');
    expect(await consumer.line(/接受到的消息/)).toBe(`消费者1号,----->接受到的消息: ${serial}\t  port: ${port}`);
    for (const app of [consumer, provider]) expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

afterEach(cleanUp);

test('npm start from the root of the repository', async () => {
  const npm = spawn(
    'npm',
    [
      'start',
      '-w',
      'samples/consumer8802',
      '--',
      '--spring.profiles.active=embedded',
      '--server.port=0',
      `--spring.cloud.stream.embedded.binder.directory=${temporaryFolder()}`,
    ],
    { cwd: ROOT, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const log: string[] = [];
  const timer = setTimeout(() => process.kill(-npm.pid!, 'SIGKILL'), 2 * LIMIT_MS);
  try {
    for await (const line of createInterface({ input: npm.stderr })) {
      log.push(line);
      // as a terminal does it: to npm and to what it started
      if (/ Started StreamMQMain8802 in /.test(line)) process.kill(-npm.pid!, 'SIGINT');
    }
  } finally {
    clearTimeout(timer);
  }
  expect(log.join('\n')).toMatch(/ Started StreamMQMain8802 in .* Stopped in \d+ ms: 0 finished/s);
});
