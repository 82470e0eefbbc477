/** The kit's probe on Kafka's own client: headers as applications on Spring write and read them. */
import type { Probe, RawPublication, RawRecord } from '@streambind/binder-tck';
import type { HeaderValue } from '@streambind/core/binder';
import type { JavaPublication, JavaRecord, JavaValue, Partner } from './partner.js';

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes as Uint8Array).toString('base64');
const TYPES = 'spring_json_header_types';
const TEXT = 'java.lang.String';

export const probeOf = (partner: Partner): Probe => ({
  publish: async (topic, records) =>
    void (await partner.ask('publish', { topic, records: records.map((record) => publication(record)) })),
  tap: async (topic) => {
    const from = await partner.ask('ends', { topic });
    return { records: async () => (await partner.ask('read', { topic, from })).map((record) => recordOf(record)) };
  },
  deadLetters: async (destination, group) =>
    (await partner.ask('read', { topic: deadLettersOf(destination, group) })).map((record) => recordOf(record)),
  consumers: async (destination, group) => {
    const { members } = await partner.ask('group', { group });
    return members.filter(({ partitions }) => partitions.length === 0 || partitions.some(isOf(destination))).length;
  },
  backlog: (topic, group) => partner.ask('backlog', { topic, group }),
  groups: async (destination) =>
    (await partner.ask('groups', {}))
      .filter(({ group, members, offsets }) => {
        const places = [...Object.keys(offsets), ...members.flatMap(({ partitions }) => partitions)];
        // of one that is left without anything nobody can tell what it read
        return places.some(isOf(destination)) || (places.length === 0 && group.startsWith('anonymous.'));
      })
      .map(({ group }) => group),
});

export const deadLettersOf = (destination: string, group: string): string => `error.${destination}.${group}`;

const isOf =
  (topic: string) =>
  (place: string): boolean =>
    place.slice(0, place.lastIndexOf('-')) === topic;

function publication({ payload, headers = {}, partition }: RawPublication): JavaPublication {
  const types = Object.fromEntries(Object.keys(headers).map((name) => [name, TEXT]));
  const all = Object.keys(headers).length === 0 ? headers : { ...headers, [TYPES]: JSON.stringify(types) };
  return {
    value: payload === null ? null : base64(payload),
    headers: Object.entries(all).map(([name, text]) => [name, base64(text)]),
    ...(partition === undefined ? {} : { partition }),
  };
}

function recordOf({ value, headers, decoded, partition }: JavaRecord): RawRecord {
  return {
    payload: value === null ? null : Buffer.from(value, 'base64'),
    headers: Object.fromEntries(Object.entries(decoded).map(([name, each]) => [name, valueOf(each)])),
    wire: headers.map(([name, each]) => name + Buffer.from(each ?? '', 'base64').toString('latin1')).join(),
    partition,
  };
}

function valueOf(value: JavaValue): HeaderValue {
  if (typeof value !== 'object' || value === null) return value;
  if ('long' in value) {
    const whole = BigInt(value.long);
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  }
  if ('date' in value) return new Date(value.date);
  if ('bytes' in value) return new Uint8Array(Buffer.from(value.bytes, 'base64'));
  if ('list' in value) return value.list.map((each) => valueOf(each));
  return Object.fromEntries(Object.entries(value.map).map(([name, each]) => [name, valueOf(each)]));
}
