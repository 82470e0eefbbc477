/** What a message costs in core: the whole pipeline with a binder that does nothing, beside the bare function call. */
import { fileURLToPath } from 'node:url';
import { ok, paint, progress, say, table } from '../tools/terminal.mjs';
import { run } from './processes.mjs';
import { interleaved, median, quantile } from './statistics.mjs';

const ADDED_NS = 3000;
const ADDED_BYTES = 1024;
const cwd = fileURLToPath(new URL('apps', import.meta.url));

export const summary = 'time and garbage of a message in core, 1 KB, above decoding or encoding it';

const rows = [
  ['in, json', 'in-core-json', 'in-bare-json'],
  ['in, bytes', 'in-core-bytes', 'in-bare-bytes'],
  ['out, json', 'out-core-json', 'out-bare-json'],
  ['out, bytes', 'out-core-bytes', 'out-bare-bytes'],
];
const besides = ['in-emitter-json', 'in-emitter-bytes'];

/** @param {{ quick: boolean }} options */
export async function measure({ quick }) {
  const [rounds, messages] = quick ? [3, 50_000] : [9, 300_000];
  const names = [...rows.flatMap(([, core, bare]) => [core, bare, `${bare} again`]), ...besides];
  const runs = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`core: round ${round + 1} of ${rounds}`);
    for (const name of interleaved(names, round)) {
      const what = name.replace(' again', '');
      // a young generation so large that nothing is collected while garbage is weighed
      const flags = ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128'];
      runs.get(name).push(await run({ name, args: [...flags, 'dist/core/main.js', what, String(messages)], cwd }));
    }
  }
  const figures = (name, key) => runs.get(name).map((figure) => figure[key]);
  const results = rows.map(([title, core, bare]) => {
    const added = figures(core, 'ns').map((ns, index) => ns - figures(bare, 'ns')[index]);
    const noise = figures(bare, 'ns').map((ns, index) => Math.abs(ns - figures(`${bare} again`, 'ns')[index]));
    const bytes = median(figures(core, 'bytes')) - median(figures(bare, 'bytes'));
    return {
      title,
      coreNs: median(figures(core, 'ns')),
      bareNs: median(figures(bare, 'ns')),
      addedNs: median(added),
      noiseNs: quantile(noise, 0.5),
      addedBytes: bytes,
      held: median(added) <= ADDED_NS && bytes <= ADDED_BYTES,
    };
  });
  const us = (ns) => `${(ns / 1000).toFixed(2)} µs`;
  say(
    table(
      ['a message of 1 KB', 'core', 'bare call', 'added', 'A/A', 'garbage added', 'limit', ''],
      results.map(({ title, coreNs, bareNs, addedNs, noiseNs, addedBytes, held }) => [
        title,
        us(coreNs),
        us(bareNs),
        us(addedNs),
        `± ${us(noiseNs)}`,
        `${addedBytes.toFixed(0)} B`,
        `${us(ADDED_NS)}, ${ADDED_BYTES} B`,
        `${ok(held)} ${held ? 'held' : 'not held'}`,
      ]),
    ),
  );
  for (const name of besides)
    say(
      paint('dim', `an EventEmitter, ${name.endsWith('json') ? 'json' : 'bytes'}: ${us(median(figures(name, 'ns')))}`),
    );
  say(paint('dim', `medians of ${rounds} processes each, ${messages} messages a process, taken in turns.`));
  return results;
}
