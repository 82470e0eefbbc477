/**
 * A program of its own on node-redis, with nothing but docs/wire-format.md to go by: it writes and reads streams as any
 * foreign application may.
 */
import { RESP_TYPES, createClient } from '@redis/client';
import type { RawPublication, RawRecord } from '@streambind/binder-tck';
import { serve } from '@streambind/binder-tck/processes';
import type { HeaderValue } from '@streambind/core/binder';

const [url = ''] = process.argv.slice(2);
const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: 50 } }).withTypeMapping({
  [RESP_TYPES.BLOB_STRING]: Buffer,
});
// it connects again by itself
client.on('error', () => {});
await client.connect();

/** A command whose words and answers are bytes. */
const ask = <T>(...words: readonly (string | Buffer)[]): Promise<T> => client.sendCommand<T>([...words]);

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Flat replies by name: `name, value, name, value`. */
function named(reply: readonly unknown[] | Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  if (!Array.isArray(reply)) return new Map(Object.entries(reply));
  const found = new Map<string, unknown>();
  for (let at = 0; at + 1 < reply.length; at += 2) found.set(String(reply[at]), reply[at + 1]);
  return found;
}

const isStream = async (key: string): Promise<boolean> => String(await ask('TYPE', key)) === 'stream';

/** Of the destination: itself, and its partitions. */
async function streamsOf(destination: string): Promise<string[]> {
  const keys = (await ask<Buffer[]>('KEYS', `${destination}*`)).map(String);
  const names = keys.filter((key) => /^(-\d+)?$/.test(key.slice(destination.length)));
  const streams = await Promise.all(names.map(async (name) => ((await isStream(name)) ? [name] : [])));
  return streams.flat();
}

const partitionOf = (stream: string, destination: string): number => Number(stream.slice(destination.length + 1) || 0);

/** As docs/wire-format.md describes it; written for the probe alone. */
function recordOf(fields: readonly Buffer[], partition: number): RawRecord {
  const found = named(fields) as ReadonlyMap<string, Buffer>;
  const {
    payload = null,
    tombstone: _,
    contentType,
    headers = Buffer.from('{}'),
    key: __,
    ...others
  } = Object.fromEntries(found) as Record<string, Buffer>;
  return {
    payload,
    partition,
    wire: fields
      .map((field, at) => (field === payload ? '' : `${at % 2 === 0 ? '\n' : ' '}${field.toString()}`))
      .join(''),
    headers: {
      ...(valueOf(JSON.parse(headers.toString())) as Record<string, HeaderValue>),
      ...Object.fromEntries(Object.entries(others).map(([name, value]) => [name, value.toString()])),
      ...(contentType === undefined ? {} : { contentType: contentType.toString() }),
    },
  };
}

function valueOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueOf);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [[tag, content]] = entries as [[string, string]];
    if (tag === '$bytes') return new Uint8Array(Buffer.from(content, 'base64'));
    if (tag === '$bigint') return BigInt(content);
    if (tag === '$date') return new Date(content);
    if (tag === '$number') return Number(content);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key.replace(/^\$\$/, '$'), valueOf(each)]));
}

/** One that is not made yet. */
async function groupsOf(stream: string): Promise<ReadonlyMap<string, unknown>[]> {
  const reply = await ask<unknown[]>('XINFO', 'GROUPS', stream);
  return reply.map((each) => named(each as unknown[]));
}

const groupOf = async (stream: string, group: string): Promise<ReadonlyMap<string, unknown> | undefined> =>
  (await groupsOf(stream)).find((each) => String(each.get('name')) === group);

/** Entries that the group has not been given yet. */
async function unread(stream: string, group: ReadonlyMap<string, unknown>): Promise<number> {
  // a restart makes what Redis says too large, and after some deletions it says nothing
  if (group.get('lag') === 0) return 0;
  const after = `(${String(group.get('last-delivered-id'))}`;
  return (await ask<Entry[]>('XRANGE', stream, after, '+')).length;
}

async function sum(destination: string, of: (stream: string) => Promise<number>): Promise<number> {
  const numbers = await Promise.all((await streamsOf(destination)).map(of));
  return numbers.reduce((total, each) => total + each, 0);
}

/** Groups that hold what their taps have not seen. */
const TAP = 'tap-';
const taps: { readonly destination: string; readonly name: string; readonly records: RawRecord[] }[] = [];

/** The name of the consumer that holds what was given back. */
const RETURNED = 'streambind.returned';

const operations = {
  async publish(destination: string, records: readonly RawPublication[]): Promise<void> {
    const sent = records.map(({ payload, partition, headers: { contentType, ...headers } = {} }) => {
      const stream = partition === undefined ? destination : `${destination}-${partition}`;
      const body = payload === null ? ['tombstone', 'true'] : ['payload', Buffer.from(payload)];
      const type = contentType === undefined ? [] : ['contentType', contentType];
      return ask('XADD', stream, '*', ...body, ...type, 'headers', JSON.stringify(headers));
    });
    await Promise.all(sent);
  },

  async tap(destination: string): Promise<number> {
    const name = `${TAP}${taps.length}`;
    const streams = new Set([destination, ...(await streamsOf(destination))]);
    await Promise.all([...streams].map((stream) => ask('XGROUP', 'CREATE', stream, name, '$', 'MKSTREAM')));
    return taps.push({ destination, name, records: [] }) - 1;
  },

  async records(tap: number): Promise<RawRecord[]> {
    const { destination, name, records } = taps[tap]!;
    for (const stream of await streamsOf(destination)) {
      if (!(await groupOf(stream, name))) continue;
      const read = ['COUNT', '10000', 'STREAMS', stream, '>'];
      const reply = await ask<[Buffer, Entry[]][] | null>('XREADGROUP', 'GROUP', name, 'probe', 'NOACK', ...read);
      for (const [, entries] of reply ?? []) {
        for (const [, fields] of entries) records.push(recordOf(fields, partitionOf(stream, destination)));
      }
    }
    return records;
  },

  async letters(stream: string): Promise<RawRecord[]> {
    if (!(await isStream(stream))) return [];
    const entries = await ask<Entry[]>('XRANGE', stream, '-', '+');
    return entries.map(([, fields]) => recordOf(fields, 0));
  },

  /** As their signs of life tell, whether they have taken something or not. */
  async consumers(destination: string, group: string): Promise<number> {
    const alive = (stream: string): Promise<number> =>
      ask<Buffer[]>('KEYS', `{${stream}}:alive:${group}:*`).then(({ length }) => length);
    const owned = (stream: string): Promise<number> => ask<number>('EXISTS', `{${stream}}:owner:${group}`);
    return sum(destination, async (stream) => (await alive(stream)) + (await owned(stream)));
  },

  unsettled: (destination: string, group: string): Promise<number> =>
    sum(destination, async (stream) => {
      if (!(await groupOf(stream, group))) return 0;
      const [, , , holders] = await ask<[number, unknown, unknown, [Buffer, Buffer][] | null]>(
        'XPENDING',
        stream,
        group,
      );
      const held = (holders ?? []).filter(([holder]) => String(holder) !== RETURNED);
      return held.reduce((total, [, count]) => total + Number(count), 0);
    }),

  backlog: (destination: string, group: string): Promise<number> =>
    sum(destination, async (stream) => {
      const found = await groupOf(stream, group);
      if (!found) return 0;
      return Number(found.get('pending')) + (await unread(stream, found));
    }),

  async groups(destination: string): Promise<string[]> {
    const found = await Promise.all((await streamsOf(destination)).map(groupsOf));
    const names = found.flat().map((each) => String(each.get('name')));
    return [...new Set(names)].filter((name) => !name.startsWith(TAP));
  },

  type: async (key: string): Promise<string> => String(await ask('TYPE', key)),
  set: (key: string, text: string) => ask('SET', key, text),

  async delete(destination: string): Promise<void> {
    for (const stream of await streamsOf(destination)) await ask('DEL', stream);
  },
  forget: (key: string) => ask('DEL', key),

  /** Beyond so many bytes nothing is stored; 0: no limit. */
  room: (bytes: number) => ask('CONFIG', 'SET', 'maxmemory', String(bytes)),

  clear: () => ask('FLUSHDB'),
};

export type Operations = typeof operations;

serve(operations);
