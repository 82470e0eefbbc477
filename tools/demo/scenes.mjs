/**
 * The four scenes of the tutorial. Each plays on the services that it is given, and returns what it saw as rows and as
 * checks that hold or do not.
 */
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 20_000;
const input = 'spring.cloud.stream.bindings.input';
const inGroup = (group) => `--${input}.group=${group}`;

/** The serials in a service's console lines, in the order of their coming. */
export const received = (service) =>
  service.lines.flatMap((line) => /接受到的消息: (\S+)\s+port/.exec(line)?.[1] ?? []);

const sent = (provider) => provider.lines.flatMap((line) => /^\*{5}serial: (\S+)/.exec(line)?.[1] ?? []);

async function send({ provider, url }, count, atOnce = 1) {
  const before = sent(provider).length;
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url} answered ${response.status}\n${provider.log}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  await provider.until(() => sent(provider).length >= before + count, LIMIT_MS);
  return sent(provider).slice(before);
}

const distinct = (serials) => new Set(serials).size;
const sameSet = (a, b) => distinct(a) === distinct(b) && a.every((serial) => b.includes(serial));

export const scenes = [
  {
    title: 'Different groups: each group gets every message',
    async play(stage) {
      const { first, second, note } = stage;
      await Promise.all([first.start([inGroup('atguiguA')]), second.start([inGroup('atguiguB')])]);
      const serials = await send(stage, 10);
      await Promise.all(
        [first, second].map((consumer) => consumer.until(() => received(consumer).length >= 10, LIMIT_MS)),
      );
      await stage.quiet();
      const [a, b] = [received(first), received(second)];
      note('8802 is in group atguiguA, 8803 in group atguiguB');
      return {
        sent: 10,
        counts: [a.length, b.length],
        checks: [
          ['8802 received all ten, each once', a.length === 10 && sameSet(a, serials)],
          ['8803 received all ten, each once', b.length === 10 && sameSet(b, serials)],
        ],
        stops: await Promise.all([first.stop(), second.stop()]),
      };
    },
  },
  {
    title: 'One group: each message once, the work is shared',
    async play(stage) {
      const { first, second, note } = stage;
      await Promise.all([first, second].map((consumer) => consumer.start([inGroup('atguiguA')])));
      const serials = await send(stage, 10);
      const both = () => [...received(first), ...received(second)];
      await stage.until(() => both().length >= 10);
      await stage.quiet();
      const [a, b] = [received(first), received(second)];
      note('8802 and 8803 are both in group atguiguA');
      return {
        sent: 10,
        counts: [a.length, b.length],
        checks: [
          ['ten lines in all, no message twice', both().length === 10 && sameSet(both(), serials)],
          ['neither received less than three', Math.min(a.length, b.length) >= 3],
        ],
        stops: await Promise.all([first.stop(), second.stop()]),
      };
    },
  },
  {
    title: 'Sent while both are stopped: the durable group gets them, the anonymous one does not',
    async play(stage) {
      const { first, second, note } = stage;
      const serials = await send(stage, 4);
      note('four messages sent, nobody listens; then 8802 starts without a group, 8803 in group atguiguA');
      await Promise.all([first.start(), second.start([inGroup('atguiguA')])]);
      await second.until(() => received(second).length >= 4, LIMIT_MS);
      // A message sent now shows that the anonymous consumer listens and would have shown the four.
      const [canary] = await send(stage, 1);
      await Promise.all(
        [first, second].map((consumer) => consumer.until(() => received(consumer).includes(canary), LIMIT_MS)),
      );
      const [a, b] = [first, second].map((consumer) => received(consumer).filter((serial) => serial !== canary));
      return {
        sent: 4,
        counts: [a.length, b.length],
        checks: [
          ['8802, anonymous, received none of the four', a.length === 0],
          ['8803, durable, received all four, each once', b.length === 4 && sameSet(b, serials)],
        ],
        stops: await Promise.all([first.stop(), second.stop()]),
      };
    },
  },
  {
    title: 'kill -9 in the middle of the work: nothing is lost',
    async play(stage) {
      const { first, second, note } = stage;
      await Promise.all([first, second].map((consumer) => consumer.start([inGroup('atguiguA')])));
      const total = 400;
      const killed = first.until(() => received(first).length >= 20, LIMIT_MS).then(() => first.kill());
      const [serials] = await Promise.all([send(stage, total, 16), killed]);
      const both = () => [...received(first), ...received(second)];
      await stage.until(() => serials.every((serial) => both().includes(serial)));
      await stage.quiet();
      const [a, b] = [received(first), received(second)];
      const twice = both().length - distinct(both());
      note(`8802 was killed after ${a.length} messages; 8803 took over what it held`);
      return {
        sent: total,
        counts: [a.length, b.length],
        checks: [
          [`all ${total} confirmed messages were received`, sameSet(both(), serials)],
          [`received twice: ${twice}, at most what 8802 had in flight (100)`, twice <= 100],
        ],
        stops: [await second.stop()],
      };
    },
  },
];

/** Lets anything that should not come show itself. */
export const quietFor = (ms) => pause(ms);
