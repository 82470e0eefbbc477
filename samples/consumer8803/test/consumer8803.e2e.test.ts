import { expect, test } from '@jest/globals';
import { LIMIT_MS, portOf } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';
import { onEachBinder } from '../../provider8801/test/on-each-binder.js';

const LINE = /^消费者2号,----->接受到的消息: (\S+)\t {2}port: 0$/;

await onEachBinder(({ service }) => {
  test('shares the messages with another of its group, and gets those that were sent while it was away', async () => {
    const member = () =>
      service('consumer8803', '--server.port=0', '--spring.cloud.stream.bindings.input.group=atguiguA');
    const members = [member(), member()];
    await Promise.all(members.map((app) => app.started()));
    const provider = service('provider8801', '--server.port=0');
    const port = await portOf(provider);
    const send = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await fetch(`http://127.0.0.1:${port}/sendMessage`);
    };
    const received = (): string[] => members.flatMap(({ out }) => out).map((line) => LINE.exec(line)![1]!);

    await send(10);
    await until(() => received().length >= 10, LIMIT_MS);
    for (const app of members) expect((await app.kill('SIGTERM')).code).toBe(0);
    expect(members.map(({ out }) => out.length > 0)).toEqual([true, true]);

    await send(4);
    members.push(member());
    await until(() => received().length >= 14, LIMIT_MS);
    expect((await members[2]!.kill('SIGTERM')).code).toBe(0);
    expect((await provider.kill('SIGTERM')).code).toBe(0);
    expect(received().toSorted()).toEqual(provider.out.map((line) => line.replace('*****serial: ', '')).toSorted());
  });
});
