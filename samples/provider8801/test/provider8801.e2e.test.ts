import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, portOf, sample, temporaryFolder } from '../../../packages/core/test/process/harness.js';
import { onEachBinder } from './on-each-binder.js';

await onEachBinder(({ service }) => {
  test('GET /sendMessage sends a serial number and prints it', async () => {
    const app = service('provider8801', '--server.port=0');
    const port = await portOf(app);
    await app.started();
    for (let n = 1; n <= 3; n++) {
      const answer = await fetch(`http://127.0.0.1:${port}/sendMessage`);
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    }
    expect(await app.kill('SIGINT')).toEqual({ code: 0, signal: null });
    expect(app.out).toHaveLength(3);
    for (const line of app.out) expect(line).toMatch(/^\*{5}serial: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new Set(app.out).size).toBe(3);
    expect(app.transcript).toMatch(/ output → studyExchange \(binder defaultRabbit\)$/m);
  });
});

afterEach(cleanUp);

test('says that it is registered nowhere', async () => {
  const app = sample('provider8801', temporaryFolder(), '--server.port=0');
  await app.started();
  expect(app.log.filter((line) => line.includes('eureka'))).toHaveLength(1);
  expect((await app.kill('SIGTERM')).code).toBe(0);
});
