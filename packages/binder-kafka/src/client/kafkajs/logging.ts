/** What kafkajs says, on the binder's logger: what it calls an error is often the first try of many. */
import type { logCreator } from 'kafkajs';
import type { Logger } from '@streambind/core/binder';
import { LogLevel } from './library.js';

/** Everything at `debug`: troubles are told by the binder, once and with what follows from them. */
export function quietly(log: Pick<Logger, 'debug'>): logCreator {
  return () =>
    ({ namespace, level, log: { message, error } }) => {
      if (level > LogLevel.INFO) return;
      const why = typeof error === 'string' ? `: ${error}` : '';
      log.debug(`kafkajs ${namespace} ${message}${why}`);
    };
}
