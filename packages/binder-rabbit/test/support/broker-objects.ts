/** What is on a real RabbitMQ: many virtual hosts in one call, because each call of rabbitmqctl costs a second. */
import type { RabbitBroker } from '../../../../tools/brokers/index.mjs';
import type { Objects, RecordedExchange, RecordedQueue } from './configurations.js';

type Arguments = readonly (readonly [key: string, type: string, value: string | number | boolean])[];

interface HostInJson {
  readonly vhost: string;
  readonly exchanges: readonly (Omit<RecordedExchange, 'arguments'> & { readonly arguments: Arguments })[];
  readonly queues: readonly (Omit<RecordedQueue, 'arguments' | 'exclusive'> & {
    readonly exclusive: boolean | '';
    readonly arguments: Arguments;
  })[];
  readonly bindings: readonly {
    readonly source_name: string;
    readonly destination_name: string;
    readonly destination_kind: string;
    readonly routing_key: string;
    readonly arguments: Arguments;
  }[];
}

/** Objects, and the field types of their arguments in RabbitMQ's words: longstr, signedint, bool. */
export interface Found extends Objects {
  readonly types: ReadonlySet<string>;
}

const ACTOR = '<<"test">>';

const list = (names: readonly string[]): string => `[${names.map((name) => `<<"${name}">>`).join(',')}]`;

/** Fresh ones, in which the address's user may do everything. */
export async function addVirtualHosts(broker: RabbitBroker, names: readonly string[]): Promise<void> {
  const all = '<<".*">>';
  await broker.ctl(
    'eval',
    `[begin ok = rabbit_vhost:add(V, ${ACTOR}),
      ok = rabbit_auth_backend_internal:set_permissions(<<"${broker.address.username}">>, V, ${all}, ${all}, ${all}, ${ACTOR})
      end || V <- ${list(names)}].`,
  );
}

export async function removeVirtualHosts(broker: RabbitBroker, names: readonly string[]): Promise<void> {
  await broker.ctl('eval', `[rabbit_vhost:delete(V, ${ACTOR}) || V <- ${list(names)}].`);
}

/** Pre-declared exchanges and the bindings of the default exchange are left out. */
export async function objectsIn(broker: RabbitBroker, names: readonly string[]): Promise<ReadonlyMap<string, Found>> {
  const printed = await broker.ctl(
    'eval',
    `Plain = fun({resource, _, _, Name}) -> Name;
      (Rows) when is_list(Rows) -> [[Key, Type, Value] || {Key, Type, Value} <- Rows];
      (Other) -> Other end,
    Maps = fun(Rows) -> [maps:from_list([{Key, Plain(Value)} || {Key, Value} <- Row]) || Row <- Rows] end,
    io:put_chars([rabbit_json:encode([#{vhost => V,
      exchanges => Maps(rabbit_exchange:info_all(V, [name, type, durable, auto_delete, internal, arguments])),
      queues => Maps(rabbit_amqqueue:info_all(V, [name, type, durable, auto_delete, exclusive, arguments])),
      bindings => Maps(rabbit_binding:info_all(V, [source_name, destination_name, destination_kind, routing_key, arguments]))
      } || V <- ${list(names)}]), "\\n"]).`,
  );
  const hosts = JSON.parse(printed.split('\n', 1)[0]!) as HostInJson[];
  return new Map(hosts.map((host) => [host.vhost, found(host)]));
}

function found({ exchanges, queues, bindings }: HostInJson): Found {
  const types = new Set<string>();
  const plain = (given: Arguments): Record<string, string | number | boolean> => {
    for (const [, type] of given) types.add(type);
    return Object.fromEntries(given.map(([key, , value]) => [key, value]));
  };
  return {
    types,
    exchanges: exchanges
      .filter(({ name }) => name !== '' && !name.startsWith('amq.'))
      .map((one) => ({ ...one, arguments: plain(one.arguments) })),
    // of a quorum queue, which cannot be exclusive, the broker says nothing
    queues: queues.map((one) => ({ ...one, exclusive: one.exclusive || false, arguments: plain(one.arguments) })),
    bindings: bindings
      .filter(({ source_name }) => source_name !== '')
      .map((one) => ({
        source: one.source_name,
        destination: one.destination_name,
        destination_type: one.destination_kind,
        routing_key: one.routing_key,
        arguments: plain(one.arguments),
      })),
  };
}
