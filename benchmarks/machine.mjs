/** On what was measured, and whether anybody else used it meanwhile. */
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { paint, say } from '../tools/terminal.mjs';

const TMPFS = 0x01021994;

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    stores: `${tmpdir()}${statfsSync(tmpdir()).type === TMPFS ? ' (in memory)' : ''}`,
    load: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

export function sayMachine({ cpu, cores, memoryGiB, system, node, stores, load }) {
  say(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, stores in ${stores}, load ${load.join(' ')}`);
  if (load[0] > 1) say(paint('yellow', `The machine is busy (load ${load[0]}): trust the ratios, not the times.`));
}
