/** Asks the broker for what a topology lists, and tells the refusals apart. */
import { asError, isStreambindError, type Provision } from '@streambind/core/binder';
import type { Channel, Options } from 'amqplib';
import { replyCode } from '../client/errors.js';
import type { Arguments, Declaration, ExchangeDeclaration, QueueDeclaration } from './declarations.js';
import { COMMAND_INVALID, PRECONDITION_FAILED, isOtherType, refusal, toleratedText, unknownType } from './refusals.js';

/** A channel of its own, whose errors somebody listens to. */
export interface DeclaringChannel {
  readonly amqp: Channel;
  /** Fires when its connection ends; the reason is a StreambindError. */
  readonly connection: { readonly lost: AbortSignal };
  /** Never rejects, also when the server closed the channel before. */
  close(): Promise<void>;
}

/**
 * `create` makes what is missing, `verify` only looks whether it is there, `skip` does nothing. The order is that of the
 * list, and nothing follows what was refused.
 *
 * A queue that exists with other arguments is used as it is, and so is an exchange whose type is the same: services of
 * other ages share them. The answer says so, in a line each.
 * @param open a fresh channel each time: the server closes one after each refusal
 * @param where the binding is written down, for what is refused and what is tolerated
 * @throws ACCESS_REFUSED, TOPOLOGY_CONFLICT, BINDER_FAILED: trying again is of no use before somebody changes something.
 * @throws DESTINATION_GONE: something has to exist and does not, or belongs to another connection; it may come
 * @throws what `connection.lost` says
 */
export async function declare(
  open: () => Promise<DeclaringChannel>,
  declarations: readonly Declaration[],
  provision: Provision,
  where?: string,
): Promise<readonly string[]> {
  if (provision === 'skip' || declarations.length === 0) return [];
  const tolerated: string[] = [];
  let channel = await open();
  try {
    for (const one of declarations) {
      try {
        await ask(channel.amqp, one, provision);
      } catch (thrown) {
        const error = await whatHappened(channel, one, thrown, where);
        if (!maybeUsable(one, error)) throw refusal(one, error, where);
        channel = await open();
        // the server says the same of what it would not make and of what is there and different
        await ask(channel.amqp, one, 'verify').catch(async (again: unknown) => {
          await whatHappened(channel, one, again, where);
          throw refusal(one, error, where);
        });
        tolerated.push(toleratedText(one, error, where));
      }
    }
  } finally {
    await channel.close();
  }
  return tolerated;
}

/**
 * `declare` for what this binding had before.
 * @returns the names of the durable queues that were gone: with `create` they are there again, and empty
 * @throws as `declare`
 */
export async function declareAgain(
  open: () => Promise<DeclaringChannel>,
  declarations: readonly Declaration[],
  provision: Provision,
  where?: string,
): Promise<readonly string[]> {
  const durable = declarations.filter((one): one is QueueDeclaration => one.kind === 'queue' && one.durable);
  const gone: string[] = [];
  for (const one of provision === 'create' ? durable : []) {
    try {
      await declare(open, [one], 'verify', where);
    } catch (error) {
      if (!isStreambindError(error, 'DESTINATION_GONE')) throw error;
      gone.push(one.name);
    }
  }
  await declare(open, declarations, provision, where);
  return gone;
}

async function ask(amqp: Channel, one: Declaration, provision: Exclude<Provision, 'skip'>): Promise<void> {
  switch (one.kind) {
    case 'exchange':
      await (provision === 'create' ? declareExchange(amqp, one) : amqp.checkExchange(one.name));
      break;
    case 'queue':
      // nobody else can have made an exclusive one
      await (provision === 'create' || one.exclusive ? declareQueue(amqp, one) : amqp.checkQueue(one.name));
      break;
    case 'binding':
      // AMQP has no question for bindings
      if (provision === 'create') await amqp.bindQueue(one.queue, one.exchange, one.routingKey, wire(one.arguments));
      break;
    case 'check':
      await (one.what === 'queue' ? amqp.checkQueue(one.name) : amqp.checkExchange(one.name));
  }
}

function declareExchange(amqp: Channel, { name, type, durable, autoDelete, ...rest }: ExchangeDeclaration) {
  const options: Options.AssertExchange = { durable, autoDelete, arguments: wire(rest.arguments) };
  return amqp.assertExchange(name, type, options);
}

function declareQueue(amqp: Channel, { name, durable, exclusive, autoDelete, ...rest }: QueueDeclaration) {
  const options: Options.AssertQueue = { durable, exclusive, autoDelete, arguments: wire(rest.arguments) };
  return amqp.assertQueue(name, options);
}

/** Bare numbers would leave as the narrowest type that holds them. */
const wire = (given: Arguments): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, typeof value === 'number' ? { '!': 'int', value } : value]),
  );

/** What the server said of it; throws where it is the connection that ended. */
async function whatHappened(
  { connection }: DeclaringChannel,
  one: Declaration,
  thrown: unknown,
  where: string | undefined,
): Promise<Error> {
  const error = asError(thrown);
  if (replyCode(error) !== undefined) return error;
  // amqplib fails the calls of a lost connection before it tells of the connection
  await Promise.resolve();
  if (!connection.lost.aborted) throw error;
  const lost = asError(connection.lost.reason);
  if (one.kind === 'exchange' && replyCode(lost.cause) === COMMAND_INVALID) throw unknownType(one, lost, where);
  throw lost;
}

/** Whether it may exist and differ only in what does not keep us from using it. */
const maybeUsable = (one: Declaration, error: Error): boolean =>
  replyCode(error) === PRECONDITION_FAILED &&
  (one.kind === 'queue' || (one.kind === 'exchange' && !isOtherType(error)));
