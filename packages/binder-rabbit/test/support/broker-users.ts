/** Users of a RabbitMQ and what they may do. */
import type { RabbitBroker } from '../../../../tools/brokers/index.mjs';

export interface Permissions {
  readonly name: string;
  /** Regular expressions over names. */
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** Default: `/`. */
  readonly virtualHost?: string;
}

export interface User extends Permissions {
  readonly password: string;
}

const text = (value: string): string => `<<${JSON.stringify(value)}>>`;
const ACTOR = text('test');

const permit = ({ name, virtualHost = '/', configure, write, read }: Permissions): string =>
  `rabbit_auth_backend_internal:set_permissions(${[name, virtualHost, configure, write, read].map(text).join(', ')}, ${ACTOR})`;

/** All in one call, because each call of rabbitmqctl costs a second. */
export async function addUsers(broker: RabbitBroker, users: readonly User[]): Promise<void> {
  const calls = users.flatMap((user) => [
    `rabbit_auth_backend_internal:add_user(${text(user.name)}, ${text(user.password)}, ${ACTOR})`,
    permit(user),
  ]);
  await broker.ctl('eval', `${calls.join(', ')}.`);
}

export async function setPermissions(broker: RabbitBroker, permissions: Permissions): Promise<void> {
  await broker.ctl('eval', `${permit(permissions)}.`);
}

export async function setPassword(broker: RabbitBroker, name: string, password: string): Promise<void> {
  await broker.ctl('change_password', name, password);
}

export async function removeUser(broker: RabbitBroker, name: string): Promise<void> {
  await broker.ctl('delete_user', name);
}
