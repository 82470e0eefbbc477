/** On what was measured, and whether anybody else used it meanwhile. */
import { once } from 'node:events';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { paint, say } from '../tools/terminal.mjs';
import { median } from './statistics.mjs';

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

/** What this machine takes for the three things that a broker's client cannot do without; microseconds, medians. */
export async function calibration() {
  const json = timed(2000, 20, jsonThereAndBack());
  const fsync = fsyncs();
  const loopback = await roundTrips(2000);
  const us = (value) => `${value.toFixed(value < 10 ? 1 : 0)} µs`;
  const text = `JSON of 1 KiB there and back ${us(json)}, round trip on loopback ${us(loopback)}, fsync of 4 KiB ${us(fsync)}`;
  return { json, loopback, fsync, text };
}

function jsonThereAndBack() {
  const value = Array.from({ length: 16 }, (_, n) => ({ sku: `sku-${1000 + n}`, amount: n, note: 'handle with care' }));
  return () => JSON.parse(JSON.stringify(value));
}

function timed(rounds, times, work) {
  const each = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let time = 0; time < times; time++) work();
    each.push(((performance.now() - started) * 1000) / times);
  }
  return median(each);
}

function fsyncs() {
  const directory = mkdtempSync(join(tmpdir(), 'streambind-fsync-'));
  const file = openSync(join(directory, 'file'), 'w');
  const page = Buffer.alloc(4096, 'x');
  const each = timed(50, 1, () => {
    writeSync(file, page);
    fsyncSync(file);
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return each;
}

async function roundTrips(count) {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const each = [];
  for (let trip = 0; trip < count; trip++) {
    const started = performance.now();
    socket.write('x');
    await once(socket, 'data');
    each.push((performance.now() - started) * 1000);
  }
  socket.destroy();
  server.close();
  return median(each);
}
