/** Asks the broker for what a topology lists, and tells the refusals apart. */
import { StreambindError, asError, isStreambindError, type Provision } from '@streambind/core/binder';
import type { Channel, Options } from 'amqplib';
import { replyCode, serverText } from './client/errors.js';
import type { Arguments, Declaration, ExchangeDeclaration, QueueDeclaration } from './declarations.js';

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
 * @throws ACCESS_REFUSED, BINDER_FAILED: trying again is of no use before somebody changes something.
 * @throws DESTINATION_GONE: something has to exist and does not, or belongs to another connection; it may come
 * @throws what `connection.lost` says
 */
export async function declare(
  open: () => Promise<DeclaringChannel>,
  declarations: readonly Declaration[],
  provision: Provision,
): Promise<readonly string[]> {
  if (provision === 'skip' || declarations.length === 0) return [];
  const tolerated: string[] = [];
  let channel = await open();
  try {
    for (const one of declarations) {
      try {
        await ask(channel.amqp, one, provision);
      } catch (thrown) {
        const error = await whatHappened(channel, one, thrown);
        if (!maybeUsable(one, error)) throw refusal(one, error);
        channel = await open();
        // the server says the same of what it would not make and of what is there and different
        await ask(channel.amqp, one, 'verify').catch(async (again: unknown) => {
          await whatHappened(channel, one, again);
          throw refusal(one, error);
        });
        tolerated.push(`The ${nameOf(one)} exists and is used as it is: ${serverText(error)}.`);
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
): Promise<readonly string[]> {
  const durable = declarations.filter((one): one is QueueDeclaration => one.kind === 'queue' && one.durable);
  const gone: string[] = [];
  for (const one of provision === 'create' ? durable : []) {
    try {
      await declare(open, [one], 'verify');
    } catch (error) {
      if (!isStreambindError(error, 'DESTINATION_GONE')) throw error;
      gone.push(one.name);
    }
  }
  await declare(open, declarations, provision);
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
async function whatHappened({ connection }: DeclaringChannel, one: Declaration, thrown: unknown): Promise<Error> {
  const error = asError(thrown);
  if (replyCode(error) !== undefined) return error;
  // amqplib fails the calls of a lost connection before it tells of the connection
  await Promise.resolve();
  if (!connection.lost.aborted) throw error;
  const lost = asError(connection.lost.reason);
  if (one.kind === 'exchange' && replyCode(lost.cause) === COMMAND_INVALID) throw unknownType(one, lost);
  throw lost;
}

const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const PRECONDITION_FAILED = 406;
const COMMAND_INVALID = 503;

/** Whether it may exist and differ only in what does not keep us from using it. */
const maybeUsable = (one: Declaration, error: Error): boolean =>
  replyCode(error) === PRECONDITION_FAILED &&
  (one.kind === 'queue' || (one.kind === 'exchange' && !error.message.includes("inequivalent arg 'type'")));

function refusal(one: Declaration, error: Error): StreambindError {
  const name = nameOf(one);
  const said = serverText(error);
  switch (replyCode(error)) {
    case ACCESS_REFUSED:
      return new StreambindError(
        'ACCESS_REFUSED',
        `RabbitMQ does not let this user declare the ${name}.`,
        { given: said, fix: accessFix(one) },
        error,
      );
    case NOT_FOUND:
      return new StreambindError(
        one.kind === 'check' && one.fatal ? 'BINDER_FAILED' : 'DESTINATION_GONE',
        `RabbitMQ cannot find what the ${name} needs.`,
        { given: said, fix: missingFix(one) },
        error,
      );
    case RESOURCE_LOCKED:
      return new StreambindError(
        'DESTINATION_GONE',
        `The ${name} belongs to another connection.`,
        { given: said, fix: 'It is exclusive there: end that consumer, or use another group.' },
        error,
      );
    default:
      return new StreambindError(
        'BINDER_FAILED',
        `RabbitMQ refuses the ${name}.`,
        { given: said, fix: fixOf(one) },
        error,
      );
  }
}

function unknownType(one: ExchangeDeclaration, lost: Error): StreambindError {
  const delayed = one.type === 'x-delayed-message';
  return new StreambindError(
    'BINDER_FAILED',
    `RabbitMQ does not know the type of the ${nameOf(one)}, and closed the connection.`,
    {
      given: one.type,
      fix: delayed
        ? 'Install the plug-in rabbitmq_delayed_message_exchange in the broker, or take delayed-exchange out.'
        : 'Change exchange-type.',
    },
    lost,
  );
}

function nameOf(one: Declaration): string {
  if (one.kind === 'binding') return `binding of the queue "${one.queue}" to the exchange "${one.exchange}"`;
  return `${one.kind === 'check' ? one.what : one.kind} "${one.name}"`;
}

function accessFix(one: Declaration): string {
  const needs = one.kind === 'binding' ? 'write to the queue and read from the exchange' : 'configure it';
  return `Give the user the permission to ${needs} (rabbitmqctl set_permissions), or let somebody else declare it: bind-queue, declare-exchange and declare-dlx of the binding.`;
}

function missingFix(one: Declaration): string {
  if (one.kind === 'check') {
    return `Make it, or let the binding do so: ${one.what === 'queue' ? 'bind-queue' : 'declare-exchange'}: true.`;
  }
  return 'Make it, or let the binding do so: declare-exchange: true, for dead letters declare-dlx: true.';
}

function fixOf(one: Declaration): string {
  if (one.kind === 'exchange') {
    return 'Set exchange-type of the binding to that of the exchange that exists, or delete that one.';
  }
  return 'Change what the broker names in the options of the binding.';
}
