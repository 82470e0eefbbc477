/** Groups of Spring Cloud Stream's keys that are known and not supported: setting one is told, with the reason. */
import type { KeyGroup } from '../config/index.js';
import { PREFIX } from '../binding/index.js';
import { schema, type Option } from '../schema/index.js';

const unsupported = (reason: string, docs: Readonly<Record<string, string>>): KeyGroup['schema'] =>
  schema(
    Object.fromEntries(
      Object.entries(docs).map(([name, doc]): [string, Option] => [name, { type: 'map', unsupported: reason, doc }]),
    ),
  );

const FUNCTIONS = 'functions come in a later version; write @StreamListener methods';
const POLLERS = 'what a poller sends is an @InboundChannelAdapter with a poller of its own';
const SCHEMA_REGISTRY = 'there is no schema registry client; give @Payload a schema, or write a MessageConverter';

const POLLER = unsupported(POLLERS, {
  fixedDelay: 'Spring: milliseconds between two polls.',
  maxMessagesPerPoll: 'Spring: messages of one poll.',
  cron: 'Spring: when to poll.',
  initialDelay: 'Spring: milliseconds before the first poll.',
  timeUnit: 'Spring: the unit of the delays.',
});

export const UNSUPPORTED_GROUPS: readonly KeyGroup[] = [
  {
    prefix: `${PREFIX}.function`,
    schema: unsupported(FUNCTIONS, {
      definition: 'Spring: the functions to bind.',
      bindings: 'Spring: other names for the bindings of functions.',
      autodetect: 'Spring: bind the only function without being told.',
      'routing.enabled': 'Spring: send every message through functionRouter.',
      batchMode: 'Spring: of no effect.',
      reactive: 'Spring: which functions are reactive.',
    }),
  },
  {
    prefix: 'spring.cloud.function',
    schema: unsupported(FUNCTIONS, {
      definition: 'Spring: the functions to bind.',
      routingExpression: 'Spring: which function takes a message.',
    }),
  },
  { prefix: `${PREFIX}.poller`, schema: POLLER },
  { prefix: `${PREFIX}.bindings.*.producer.poller`, schema: POLLER },
  { prefix: `${PREFIX}.default.producer.poller`, schema: POLLER },
  {
    prefix: `${PREFIX}.integration`,
    schema: unsupported('a reply gets all headers but contentType; see copyHeaders of @StreamListener', {
      messageHandlerNotPropagatedHeaders: 'Spring: headers that a reply does not get.',
    }),
  },
  {
    prefix: `${PREFIX}.metrics`,
    schema: unsupported('metrics are not sent to a binding', {
      key: 'Spring: the name under which metrics are sent.',
      prefix: 'Spring: stands before their names.',
      properties: 'Spring: properties that are sent with them.',
      meterFilter: 'Spring: which meters are sent.',
      scheduleInterval: 'Spring: how often.',
      exportProperties: 'Spring: properties that are sent with them.',
    }),
  },
  {
    prefix: `${PREFIX}.schema`,
    schema: unsupported(SCHEMA_REGISTRY, {
      avro: 'Spring: the Avro converter.',
      server: 'Spring: the schema registry server.',
    }),
  },
  {
    prefix: `${PREFIX}.schema-registry-client`,
    schema: unsupported(SCHEMA_REGISTRY, {
      endpoint: 'Spring: the address of the registry.',
      cached: 'Spring: keep its answers.',
    }),
  },
];
