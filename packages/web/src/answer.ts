/** What a handler returned or threw, as an answer. */
import { STATUS_CODES } from 'node:http';
import { writeJson } from '@streambind/core/internal';

/** No body is allowed with these. */
const EMPTY = new Set([204, 205, 304]);

/** @throws CONVERSION for what JSON cannot hold */
export function answerOf(value: unknown, status: number): Response {
  if (value === undefined || value === null || EMPTY.has(status)) return new Response(null, { status });
  if (typeof value === 'string') return withType(value, status, 'text/plain;charset=UTF-8');
  if (value instanceof Uint8Array)
    return withType(value as Uint8Array<ArrayBuffer>, status, 'application/octet-stream');
  return json(value, status);
}

/** The body that Spring Boot gives to an error. */
export function errorAnswer(status: number, path: string, message?: string): Response {
  // the form in which Jackson writes a java.util.Date
  const timestamp = new Date().toISOString().replace('Z', '+00:00');
  const error = STATUS_CODES[status] ?? `Http Status ${status}`;
  if (EMPTY.has(status)) return new Response(null, { status });
  return json({ timestamp, status, error, ...(message ? { message } : {}), path }, status);
}

function json(value: unknown, status: number): Response {
  return withType(writeJson(value), status, 'application/json');
}

const withType = (body: string | Uint8Array<ArrayBuffer>, status: number, type: string): Response =>
  new Response(body, { status, headers: { 'content-type': type } });
