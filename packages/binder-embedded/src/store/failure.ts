/** What went wrong in the store, in a form that crosses from the worker to the main thread. */
import { accessSync, constants, statfsSync } from 'node:fs';
import type { ErrorCode } from '@streambind/core/binder';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export class StoreFailure extends Error implements Failure {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** As it crosses: without stack and class. */
export const plain = ({ code, message, details }: Failure): Failure => ({
  code,
  message,
  ...(details ? { details } : {}),
});

const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** Less than this is no room for one more page of the log and its index. */
const HARDLY_ANY = 64 * 1024;

const resultCode = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;

/** Another process holds the write lock at this moment. */
export const isBusy = (error: unknown): boolean => [BUSY, LOCKED].includes(resultCode(error));

/** A record that this store refuses, by its schema or by a trigger that somebody added; others can still be written. */
export const isRefusal = (error: unknown): boolean => resultCode(error) === CONSTRAINT;

/** The failure of whatever a statement or a file operation in `directory` threw. */
export function failureOf(error: unknown, directory: string, file = 'broker.db'): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const at = { where: directory };
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return new StoreFailure(
        'BROKER_UNAVAILABLE',
        `The embedded store is locked by another process (${reason}).`,
        at,
        error,
      );
    case READ_ONLY:
      return readOnly(reason, directory, file);
    case CORRUPT:
    case NOT_A_DATABASE:
      return new StoreFailure('STORE_DAMAGED', `The file of the embedded store is damaged (${reason}).`, {
        ...at,
        fix: `move the ${file} files away and start again, or restore a copy`,
      });
    case FULL:
      return full(reason, directory);
    case CONSTRAINT:
      return new StoreFailure('PUBLISH_REFUSED', `The embedded store refused a record (${reason}).`, at);
    case IO_ERROR:
    case CANNOT_OPEN:
      if (isFull(directory)) return full(reason, directory);
      if (!isWritable(directory)) return readOnly(reason, directory, file);
  }
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return full(reason, directory);
  if (errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM') return readOnly(reason, directory, file);
  const code = resultCode(error) === 0 && errno === undefined ? 'INTERNAL' : 'BROKER_UNAVAILABLE';
  return new StoreFailure(code, `The embedded store cannot be used (${reason}).`, at);
}

const full = (reason: string, directory: string): StoreFailure =>
  new StoreFailure('BROKER_FULL', `The disk of the embedded store is full (${reason}).`, { where: directory });

const readOnly = (reason: string, directory: string, file: string): StoreFailure =>
  new StoreFailure('STORE_READ_ONLY', `The embedded store cannot be written (${reason}).`, {
    where: directory,
    fix: `make the directory and its ${file} files writable for the user of this process`,
  });

function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < HARDLY_ANY;
  } catch {
    return false;
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
