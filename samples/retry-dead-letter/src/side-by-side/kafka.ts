/** Kafka, read and counted by its own Java tools. */
import type { KafkaBroker } from '../../../../tools/brokers/index.mjs';
import type { DeadLetter, Stage } from './stage.js';

/** Between the parts of a record; the bytes of headers and payload are printed as `\x1E` where they are not plain text. */
const SEPARATOR = { header: '\u001E', part: '\u001F', line: '\u001D' };

export async function kafka(broker: KafkaBroker): Promise<Stage> {
  const topics = async (): Promise<string[]> => (await broker.ctl('topics', '--list')).split('\n');
  const group = async (name: string): Promise<string[][]> =>
    (await broker.ctl('consumer-groups', '--describe', '--group', name)).split('\n').map((line) => line.split(/\s+/));
  return {
    type: 'kafka',
    title: await broker.probe(),
    environment: broker.environment,
    deadLetterName: (destination, name) => `error.${destination}.${name}`,
    async deadLetters(name) {
      if (!(await topics()).includes(name)) return [];
      const ends = (await broker.ctl('get-offsets', '--topic', name)).trim().split('\n');
      const count = ends.reduce((sum, line) => sum + Number(line.split(':')[2]), 0);
      if (count === 0) return [];
      const bytes = 'org.apache.kafka.common.serialization.BytesDeserializer';
      const properties = {
        'print.headers': 'true',
        'headers.separator': SEPARATOR.header,
        'key.separator': SEPARATOR.part,
        'line.separator': SEPARATOR.line,
        'headers.deserializer': bytes,
        'value.deserializer': bytes,
      };
      const printed = await broker.ctl(
        'console-consumer',
        '--topic',
        name,
        '--from-beginning',
        '--max-messages',
        String(count),
        ...Object.entries(properties).flatMap(([key, value]) => ['--property', `${key}=${value}`]),
      );
      return printed.split(SEPARATOR.line).slice(0, count).map(record);
    },
    async left(destination, name) {
      const [head, ...lines] = (await group(name)).filter((words) => words.includes('LAG') || words[1] === destination);
      const lag = head?.indexOf('LAG') ?? -1;
      if (lag < 0 || lines.length === 0) throw new Error(`Kafka does not tell what is left for ${name}`);
      return lines.reduce((sum, words) => sum + Number(words[lag]), 0);
    },
    leave: () => Promise.resolve(),
  };
}

function record(printed: string): DeadLetter {
  const [headers = '', payload = ''] = printed.split(SEPARATOR.part);
  return {
    payload: raw(payload).toString(),
    headers: Object.fromEntries(
      headers.split(SEPARATOR.header).map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon), text(raw(header.slice(colon + 1)))];
      }),
    ),
  };
}

/** What the tool printed, as the bytes it stands for. */
const raw = (printed: string): Buffer =>
  Buffer.from(
    printed.replace(/\\x([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

/** Text, or the number that a Java client wrote in four or eight bytes. */
function text(bytes: Buffer): string {
  const isNumber = (bytes.length === 4 || bytes.length === 8) && bytes[0] === 0;
  return isNumber ? String(BigInt(`0x${bytes.toString('hex')}`)) : bytes.toString();
}
