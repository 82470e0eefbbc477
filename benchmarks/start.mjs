/** From the start of a process to the line `Started … in`: an application, beside what no application can do without. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paint, progress, say, table, ok } from '../tools/terminal.mjs';
import { timeToExit, timeToReady } from './processes.mjs';
import { interleaved, median, quantile } from './statistics.mjs';

const RSS_LIMIT_MB = 90;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const summary = 'process start to ready, memory at ready';

/** @param {{ quick: boolean, scratch: string }} options */
export async function measure({ quick, scratch }) {
  const [warmUps, rounds] = quick ? [1, 5] : [2, 20];
  const directory = (name) => {
    const path = join(scratch, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const store = (name) => `--spring.cloud.stream.embedded.binder.directory=${directory(name)}`;
  const programs = [
    { name: 'node -e 0', args: ['-e', '0'], cwd: scratch, time: timeToExit },
    {
      name: 'bare program, same libraries',
      args: [here('programs/libraries.mjs'), directory('bare')],
      cwd: scratch,
      time: timeToReady,
    },
    {
      name: 'one listener',
      args: ['dist/listener/main.js', store('listener')],
      cwd: here('apps'),
      time: timeToReady,
      limitMs: 400,
    },
    {
      name: 'consumer8802 with web',
      args: ['dist/main.js', '--spring.profiles.active=embedded', '--server.port=0', store('consumer')],
      cwd: here('../samples/consumer8802'),
      time: timeToReady,
      limitMs: 500,
    },
  ];
  const runs = new Map(programs.map(({ name }) => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    progress(`start: round ${round + 1} of ${rounds}`);
    for (const program of interleaved(programs, Math.abs(round))) {
      const figures = await program.time(program);
      if (round >= 0) runs.get(program.name).push(figures);
    }
  }
  const bare = median(runs.get(programs[1].name).map(({ ms }) => ms));
  const results = programs.map(({ name, limitMs }) => {
    const times = runs.get(name).map(({ ms }) => ms);
    const memory = runs.get(name).flatMap(({ rssMB }) => rssMB ?? []);
    const ms = median(times);
    const rssMB = memory.length > 0 ? median(memory) : undefined;
    const held = limitMs === undefined ? undefined : ms <= limitMs && rssMB <= RSS_LIMIT_MB;
    return { name, ms, p90: quantile(times, 0.9), ratio: ms / bare, limitMs, rssMB, held, runs: runs.get(name) };
  });
  show(results, rounds);
  return results;
}

function show(results, rounds) {
  const rows = results.map(({ name, ms, p90, ratio, limitMs, rssMB, held }) => [
    name,
    `${ms.toFixed(0)} ms`,
    `${p90.toFixed(0)} ms`,
    ratio.toFixed(2),
    rssMB === undefined ? '' : `${rssMB.toFixed(0)} MB`,
    limitMs === undefined ? '' : `${limitMs} ms, ${RSS_LIMIT_MB} MB`,
    held === undefined ? '' : `${ok(held)} ${held ? 'held' : 'not held'}`,
  ]);
  say(table(['process start to ready', 'median', '90 %', '× bare', 'RSS', 'limit', ''], rows));
  say(paint('dim', `${rounds} runs each, taken in turns; the file of each store exists already.`));
}
