/** What messages say. Read many at a time as one row, because a row with its values costs more than what is in them. */
import { runs, type Claimed } from './claims.js';
import type { Database } from './database.js';

export interface Content {
  readonly at: number;
  readonly key: string | Uint8Array | null;
  readonly headers: string;
  readonly payload: Uint8Array | null;
}

/** id, time, key as text, key as hexadecimal bytes, headers, length of the payload */
type Row = [number, number, string | null, string | null, string, number | null];

/** Bytes. Longer payloads are read one by one. */
const SHORT = 8 * 1024;

// cast, because a person with a SQL tool writes text where we write bytes
const READ = `SELECT json_group_array(json_array(id, at, iif(typeof(key) = 'blob', NULL, key),
    iif(typeof(key) = 'blob', hex(key), NULL), CAST(headers AS TEXT), octet_length(payload))) AS list,
  CAST(group_concat(payload, '') FILTER (WHERE octet_length(payload) <= ${SHORT}) AS BLOB) AS bytes FROM message`;

/** By message; one that a cap has dropped meanwhile is missing. */
export function contents(db: Database, claimed: readonly Claimed[]): Map<number, Content> {
  const { list, bytes } = read(
    db,
    claimed.map(({ message }) => message),
  );
  const found = new Map<number, Content>();
  let offset = 0;
  for (const [message, at, text, hex, headers, length] of JSON.parse(list) as Row[]) {
    let payload: Uint8Array | null = null;
    if (length !== null && length > SHORT) {
      const row = db.get<{ payload: Uint8Array }>(
        'SELECT CAST(payload AS BLOB) AS payload FROM message WHERE id = ?',
        message,
      );
      if (!row) continue;
      ({ payload } = row);
    } else if (length !== null) {
      payload = bytes.subarray(offset, offset + length);
      offset += length;
    }
    found.set(message, { at, key: hex === null ? text : Buffer.from(hex, 'hex'), headers, payload });
  }
  return found;
}

/** Short payloads lie one behind the other in `bytes`, in the order of the list. */
function read(db: Database, messages: readonly number[]): { list: string; bytes: Uint8Array } {
  const all = runs(messages);
  const [first] = all;
  const row =
    first && all.length === 1
      ? db.get<{ list: string; bytes: Uint8Array | null }>(`${READ} WHERE id BETWEEN ? AND ?`, first.first, first.last)
      : db.get<{ list: string; bytes: Uint8Array | null }>(
          `${READ} WHERE id IN (SELECT value FROM json_each(?))`,
          JSON.stringify(messages),
        );
  return { list: row!.list, bytes: row!.bytes ?? new Uint8Array() };
}
