/** docs/capabilities.md from what the factories of the binders say of themselves. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BinderFactory, Capabilities } from '@streambind/core/binder';
import { binders } from './binders.js';

const INTRODUCTION = `# Capabilities

<!-- Printed from the factories of the binders by \`npm run docs\`. -->

What each binder can do, as its factory says. An application that asks for more is refused at start, with
\`UNSUPPORTED_CAPABILITY\`; \`npm run conformance -- <binder>\` holds each binder to what stands here.
`;

type Row<Value> = readonly [what: string, shown: (value: Value, all: Capabilities) => string];

const yes = (able: boolean | undefined): string => (able ? 'yes' : 'no');
const one =
  <Value extends string>(words: Readonly<Record<Value, string>>) =>
  (value: Value): string =>
    words[value];

/** Without `batch`: no application can ask for batches yet. */
const ROWS: { readonly [Name in Exclude<keyof Capabilities, 'batch'>]-?: Row<Capabilities[Name]> } = {
  partitions: [
    'partitions',
    one({ broker: "the broker's own, which it assigns", emulated: 'of the binder, by instance index' }),
  ],
  loneInstance: [
    'a partitioned input of a single instance reads',
    (all, { partitions }) => (all || partitions === 'broker' ? 'all partitions' : 'the first alone'),
  ],
  order: ['order is kept in', one({ none: 'nothing', destination: 'a destination', partition: 'a partition' })],
  durableGroups: ['named groups keep what comes while nobody reads', yes],
  anonymousGroups: ['inputs without a group', yes],
  replay: ['a new group can start at the earliest message', yes],
  attempts: [
    'attempts are counted by',
    one({
      failures: 'the broker: failures of handlers',
      deliveries: 'the broker: deliveries',
      local: 'the process alone',
    }),
  ],
  delayedRequeue: ['a message in back-off is kept by', one({ broker: 'the broker', held: 'the process, unsettled' })],
  minRequeueMs: [
    'shortest back-off that the broker keeps',
    (ms, { delayedRequeue }) => (delayedRequeue === 'held' ? '' : ms === 0 ? 'any' : duration(ms)),
  ],
  redeliverOnCrashMs: ['what a killed process held is delivered again after', (ms) => duration(ms)],
  transactions: ['what a handler sends can be committed with its message', yes],
  provisioning: ['makes what it needs on the broker', yes],
  pause: ['bindings can pause', yes],
  headerModes: ['headers can be left out, or travel within the payload', yes],
  headerTypes: [
    'types of header values',
    one({ typed: 'kept', json: 'kept, as JSON beside the header', string: 'texts only' }),
  ],
  nullPayload: ['a payload of null', yes],
  emptyPayload: ['an empty payload', yes],
  maxPayload: ['largest payload', (bytes) => size(bytes)],
};

const TITLES: Readonly<Record<string, string>> = {
  embedded: 'embedded',
  rabbit: 'RabbitMQ',
  kafka: 'Kafka',
  redis: 'Redis Streams',
};

export function capabilitiesPage(): string {
  const rows = Object.entries(ROWS).map(([name, row]) => {
    const [what, shown] = row as Row<unknown>;
    return [
      what,
      ...binders.map((binder) => shown(binder.capabilities[name as keyof Capabilities], binder.capabilities)),
    ];
  });
  return [
    INTRODUCTION,
    ...table(['', ...binders.map(({ type }) => TITLES[type]!)], rows),
    '',
    '## Size',
    '',
    "Lines of TypeScript in a binder's `src`, to the nearest five hundred; blank lines are not counted, tests are elsewhere.",
    '',
    ...table(
      ['binder', 'package', 'lines'],
      binders.map(({ type }) => [TITLES[type]!, `\`@streambind/binder-${type}\``, about(linesOf(type))]),
    ),
    '',
  ].join('\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

function duration(ms: number): string {
  if (ms === 0) return 'at once';
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

const size = (bytes: number): string => {
  const mebibytes = bytes / 1024 ** 2;
  return `${Number.isInteger(mebibytes) ? mebibytes : `about ${mebibytes.toFixed(1)}`} MiB`;
};

const about = (lines: number): string => String(Math.round(lines / 500) * 500);

function linesOf(type: BinderFactory['type']): number {
  const source = fileURLToPath(new URL(`../../../binder-${type}/src`, import.meta.url));
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => readFileSync(join(source, path), 'utf8').split('\n'))
    .filter((line) => line.trim() !== '').length;
}
