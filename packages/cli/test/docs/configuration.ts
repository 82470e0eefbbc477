/** docs/configuration.md from the schemas that core, the binders and the web module read their keys by. */
import { kebab, keyGroups, type KeyGroup, type Option } from '@streambind/core/internal';
import { streambindModule } from '@streambind/web';
import { binders } from './binders.js';

const S = 'spring.cloud.stream';

const INTRODUCTION = `# Configuration

<!-- Printed from the schemas by \`npm run docs\`. -->

\`npx streambind check\` says what a configuration comes to, and what is wrong with it, without starting anything.

## Where values come from

From the lowest to the highest; what is higher wins, key by key, and a list is replaced as a whole.

1. \`application.yaml\`, \`application.yml\`, \`application.properties\`: in the package of the main module and its \`config/\`, then in the working directory and its \`config/\`.
2. The same with a profile in their name: \`application-dev.yml\`. One file may hold several documents, parted by \`---\`; \`spring.config.activate.on-profile: dev\` (or the older \`spring.profiles: dev\`) ties a document to a profile. \`a & (b | !c)\` is understood.
3. Files that \`spring.config.import\` names, right above the document that names them. \`optional:\` in front: it may be missing.
4. Environment variables: \`SPRING_CLOUD_STREAM_BINDINGS_INPUT_GROUP\` is \`${S}.bindings.input.group\`.
5. \`SPRING_APPLICATION_JSON\`, a tree of keys.
6. Arguments: \`--server.port=8803\`.

| key | what it does |
| --- | --- |
| \`spring.profiles.active\` | the profiles in force, the last one wins; \`.include\` adds some in any case, \`.group.<name>\` some to a name, \`.default\` is what holds when none is asked for |
| \`spring.config.location\` | files and folders instead of the places above; \`.additional-location\` beside them, \`.name\` another base name than \`application\` |
| \`spring.application.name\` | the name in log lines |
| \`debug\` | prints every value with its origin, and whole stacks |

A name may be written \`back-off-max-interval\`, \`backOffMaxInterval\` or \`back_off_max_interval\`. A name of yours with a dot
stands in brackets: \`bindings."[a.b]".destination\`. \`\${name:default}\` is replaced by another property, \`\${random.uuid}\`,
\`\${random.int(10)}\` and their kin by a new value each time.

Types: a **duration** is \`500ms\`, \`10s\`, \`5m\`, \`1h\`, \`7d\` or \`PT10S\`, a plain number counts milliseconds unless it says
otherwise; a **size** is \`512\`, \`10KB\`, \`16MB\`, \`1GB\`, in steps of 1024; a **list** is a yml list or words with commas;
an **expression** is SpEL over the message, \`headers['x']\` and \`payload.a.b\`; a **bean** is the name of a component;
a **map** holds keys of yours.
`;

const TITLES: Readonly<Record<string, string>> = {
  [S]: 'The application',
  [`${S}.bindings.*`]: 'A binding',
  [`${S}.bindings.*.consumer`]: 'An input',
  [`${S}.bindings.*.producer`]: 'An output',
  [`${S}.binders.*`]: 'A binder',
  [`${S}.embedded.binder`]: 'The embedded binder',
  [`${S}.embedded.bindings.*.consumer`]: 'An input of the embedded binder',
  [`${S}.rabbit.binder`]: 'The RabbitMQ binder',
  [`${S}.rabbit.bindings.*.consumer`]: 'An input of the RabbitMQ binder',
  [`${S}.rabbit.bindings.*.producer`]: 'An output of the RabbitMQ binder',
  'spring.rabbitmq': 'The connection to RabbitMQ',
  [`${S}.kafka.binder`]: 'The Kafka binder',
  [`${S}.kafka.bindings.*.consumer`]: 'An input of the Kafka binder',
  [`${S}.kafka.bindings.*.producer`]: 'An output of the Kafka binder',
  'spring.kafka': 'The connection to Kafka',
  [`${S}.redis.binder`]: 'The Redis binder',
  [`${S}.redis.bindings.*.consumer`]: 'An input of the Redis binder',
  [`${S}.redis.bindings.*.producer`]: 'An output of the Redis binder',
  'spring.data.redis': 'The connection to Redis',
  'spring.redis': 'The connection to Redis, in the names of Spring Boot 2',
  server: 'The web server',
  'spring.main': 'The start',
  'spring.lifecycle': 'The stop',
  logging: 'Log levels',
  'logging.structured.format': 'Log format',
};

const NOTES: Readonly<Record<string, string>> = {
  [`${S}.bindings.*`]: `\`<name>\` is the name of an input or output. What stands below \`${S}.default\` applies to all bindings that do not say otherwise, \`default.consumer\` and \`default.producer\` included.`,
  [`${S}.binders.*`]: `\`<name>\` is what \`binder\` of a binding says. Without any, the binder package among the dependencies serves, and the embedded one where there is none.`,
};

export function configurationPage(): string {
  const groups = keyGroups(binders, [streambindModule]).filter(
    ({ prefix, schema, unread }) =>
      unread !== true && !/\.default\b/.test(prefix) && Object.keys(schema.options).length > 0,
  );
  const supported = Object.keys(TITLES).flatMap((prefix) => groups.filter((group) => group.prefix === prefix));
  const rest = groups.filter(({ prefix }) => !(prefix in TITLES));
  const sections = [...supported, ...rest].flatMap((group) => section(group) ?? []);
  return [INTRODUCTION, ...sections, unsupported(groups)].join('\n');
}

/** Undefined when nothing of the group is supported. */
function section({ prefix, schema }: KeyGroup): string | undefined {
  const rows = options(schema).flatMap(([name, option]) =>
    option.unsupported === undefined
      ? [`| \`${kebab(name)}\` | ${type(option)} | ${fallback(option)} | ${cell(option.doc)} |`]
      : [],
  );
  if (rows.length === 0) return undefined;
  const head = [`## ${TITLES[prefix] ?? prefix}`, '', `\`${path(prefix)}\``, ''];
  const note = NOTES[prefix] === undefined ? [] : [NOTES[prefix], ''];
  return [...head, ...note, '| key | type | default | |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function unsupported(groups: readonly KeyGroup[]): string {
  const rows = groups.flatMap(({ prefix, schema }) => {
    const byReason = new Map<string, string[]>();
    for (const [name, { unsupported: reason }] of options(schema)) {
      if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), kebab(name)]);
    }
    return [...byReason].map(([reason, names]) => `| \`${path(prefix)}\` | ${words(names)} | ${cell(reason)} |`);
  });
  return [
    '## Known and without effect',
    '',
    'Keys of Spring that are told at start when they are set, with the reason.',
    '',
    '| below | key | why |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const options = (schema: KeyGroup['schema']): [string, Option][] => Object.entries(schema.options);

const path = (prefix: string): string => prefix.replaceAll('*', '<name>');

/** Within backticks a `<` is itself. */
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part));

function type({ type, values, min, max, unit, secret, oldNames = [] }: Option): string {
  const name = type === 'boolean-map' ? 'map to true or false' : type === 'enum' ? words(values ?? []) : type;
  const bounds = type === 'duration' || type === 'size' ? '' : range(min, max);
  return [
    name,
    ...(type === 'list' && values !== undefined ? [`of ${words(values)}`] : []),
    ...(bounds === '' ? [] : [bounds]),
    ...(unit === 's' ? ['in seconds'] : []),
    ...(secret === true ? ['never printed'] : []),
    ...(oldNames.length > 0 ? [`once ${words(oldNames)}`] : []),
  ].join(', ');
}

const words = (all: readonly string[]): string => all.map((word) => `\`${word}\``).join(', ');

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `${min} or more`;
  return max === undefined ? '' : `at most ${max}`;
}

function fallback({ type, default: value }: Option): string {
  if (value === undefined) return '';
  if (type === 'duration') return `\`${duration(value as number)}\``;
  if (type === 'size') return `\`${size(value as number)}\``;
  if (Array.isArray(value)) return words(value);
  if (typeof value === 'object') return '';
  return value === '' ? 'empty' : `\`${String(value as string | number | boolean)}\``;
}

const duration = (ms: number): string => (ms > 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

const size = (bytes: number): string => (bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2}MB` : `${bytes}B`);
