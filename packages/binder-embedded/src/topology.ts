/** Names and places. */
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the dead letters of a group are: an ordinary destination. Spring Cloud Stream's convention for RabbitMQ. */
export const deadLetterDestination = (destination: string, group: string): string => `${destination}.${group}.dlq`;

/** Spring Cloud Stream's name for a group that nobody named. */
export const anonymousGroup = (): string => `anonymous.${randomUUID()}`;

/** The directory of the store: what is configured, else one place per user and machine, so that all services meet. */
export function storeDirectory(configured: string | undefined): string {
  if (configured !== undefined) return resolve(configured.replace(/^~(?=\/|$)/, homedir()));
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'streambind');
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'streambind');
}
