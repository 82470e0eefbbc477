/** `npm run demo`: plays the tutorial's four scenes with three processes and checks what it shows. */
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { Unavailable } from './brokers/index.mjs';
import { build } from './build.mjs';
import { places } from './demo/places.mjs';
import { Service } from './demo/service.mjs';
import { quietFor, received, scenes } from './demo/scenes.mjs';
import { ok, paint, progress, say, table } from './terminal.mjs';

const { values } = parseArgs({ options: { broker: { type: 'string', default: 'embedded' } } });
if (!Object.hasOwn(places, values.broker)) {
  say(
    `There is no broker "${values.broker}" for the demo; this version plays it on: ${Object.keys(places).join(', ')}`,
  );
  process.exit(2);
}

const QUIET_MS = 300;
const LIMIT_MS = 20_000;
const started = performance.now();

say(paint('bold', 'streambind: the tutorial in four scenes'));
progress('building …');
build(['provider8801', 'consumer8802', 'consumer8803'].map((name) => `samples/${name}`));

const place = await places[values.broker](progress).catch((error) => {
  if (!(error instanceof Unavailable)) throw error;
  say(paint('red', error.message));
  process.exit(1);
});
const ports = await Promise.all([8801, 8802, 8803].map(freePort));
const common = (port) => ['--spring.main.banner-mode=off', `--server.port=${port}`, ...place.args];
const provider = new Service('provider8801', 'provider 8801', common(ports[0]));
const first = new Service('consumer8802', 'consumer 8802', common(ports[1]));
const second = new Service('consumer8803', 'consumer 8803', common(ports[2]));
const all = [provider, first, second];
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end(130));

let failed = false;
const rows = [];
try {
  progress('starting the provider …');
  await provider.start();
  say(paint('dim', `three processes on ports ${ports.join(', ')}, their broker is ${place.title}\n`));
  for (const [index, scene] of scenes.entries()) await play(index + 1, scene);
  const code = await provider.stop();
  if (code !== 0) fail(`the provider's orderly stop ended with ${code}`);
} catch (error) {
  fail(error.message);
}

say(table(['scene', 'sent', '8802 received', '8803 received', ''], rows));
const seconds = ((performance.now() - started) / 1000).toFixed(1);
say(
  failed ? paint('red', `\nNot everything held (${seconds} s).`) : paint('green', `\nAll of it held, in ${seconds} s.`),
);
await end(failed ? 1 : 0);

/** Leaves nothing behind. */
async function end(code) {
  await Promise.all(all.filter(({ running }) => running).map((service) => service.kill()));
  await place.leave();
  process.exit(code);
}

async function play(number, scene) {
  say(paint(['bold', 'cyan'], `${number}. ${scene.title}`));
  const show = () =>
    progress(
      `   8802 ${'▪'.repeat(Math.min(30, received(first).length))} ${received(first).length}   8803 ${'▪'.repeat(Math.min(30, received(second).length))} ${received(second).length}`,
    );
  const unwatch = [first.watch(show), second.watch(show)];
  const notes = [];
  const { sent, counts, checks, stops } = await scene.play({
    provider,
    first,
    second,
    url: `http://127.0.0.1:${ports[0]}/sendMessage`,
    note: (text) => notes.push(text),
    until: (condition) => untilEither(condition),
    quiet: () => quietFor(QUIET_MS),
  });
  for (const stop of unwatch) stop();
  const all = [...checks, ['every orderly stop ended with 0', stops.every((code) => code === 0)]];
  for (const note of notes) say(paint('dim', `   ${note}`));
  for (const [text, held] of all) say(`   ${ok(held)} ${text}`);
  say();
  const held = all.every(([, one]) => one);
  if (!held) failed = true;
  rows.push([`${number}. ${scene.title.split(':')[0]}`, sent, ...counts, ok(held)]);
}

/** Asked after a line of either consumer. */
function untilEither(condition) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      for (const unwatch of watching) unwatch();
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`the consumers did not receive what was expected in ${LIMIT_MS} ms`));
    }, LIMIT_MS);
    const check = () => {
      if (!condition()) return;
      stop();
      resolve();
    };
    const watching = [first, second].map((service) => service.watch(check));
    check();
  });
}

function fail(text) {
  failed = true;
  say(paint('red', text));
}

/** The tutorial's own port where it is free, else any. */
async function freePort(wanted) {
  const tryPort = (port) =>
    new Promise((resolve) => {
      const server = createServer().once('error', () => resolve(undefined));
      server.listen(port, () => {
        const { port: taken } = server.address();
        server.close(() => resolve(taken));
      });
    });
  return (await tryPort(wanted)) ?? (await tryPort(0));
}
