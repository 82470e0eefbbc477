/** What the broker refused to declare, told by what it was and what can be done. */
import { StreambindError } from '@streambind/core/binder';
import { replyCode, serverText } from '../client/errors.js';
import type { Declaration, ExchangeDeclaration } from './declarations.js';

export const PRECONDITION_FAILED = 406;
export const COMMAND_INVALID = 503;
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;

export const isOtherType = ({ message }: Error): boolean => message.includes("inequivalent arg 'type'");

/** @param where the binding is written down */
export function refusal(one: Declaration, error: Error, where: string | undefined): StreambindError {
  const name = nameOf(one);
  const told = (fix: string) => ({ ...at(where), given: serverText(error), fix });
  switch (replyCode(error)) {
    case ACCESS_REFUSED:
      return new StreambindError(
        'ACCESS_REFUSED',
        `RabbitMQ does not let this user declare the ${name}.`,
        told(accessFix(one)),
        error,
      );
    case NOT_FOUND:
      return new StreambindError(
        one.kind === 'check' && one.fatal ? 'BINDER_FAILED' : 'DESTINATION_GONE',
        one.kind === 'check' ? `RabbitMQ has no ${name}.` : `RabbitMQ cannot find what the ${name} needs.`,
        told(missingFix(one)),
        error,
      );
    case RESOURCE_LOCKED:
      return new StreambindError(
        'DESTINATION_GONE',
        `The ${name} belongs to another connection.`,
        told('It is exclusive there: end that consumer, or use another group.'),
        error,
      );
    default:
      if (one.kind === 'exchange' && isOtherType(error)) return otherType(one, error, where);
      return new StreambindError(
        'BINDER_FAILED',
        `RabbitMQ refuses the ${name}.`,
        told('Change what the broker names in the options of the binding.'),
        error,
      );
  }
}

/** A consumer that the broker does not take; undefined where there is nothing to say beside its own words. */
export function consumerRefused(error: Error, where: string): StreambindError | undefined {
  if (replyCode(error) !== ACCESS_REFUSED) return undefined;
  const given = serverText(error);
  if (given.includes('exclusive use')) {
    return new StreambindError(
      'DESTINATION_GONE',
      'Another consumer has the queue for itself.',
      { where, given, fix: 'With exclusive: true one instance consumes, and the others wait until it ends.' },
      error,
    );
  }
  return new StreambindError(
    'ACCESS_REFUSED',
    'RabbitMQ does not let this user read from the queue.',
    { where, given, fix: 'Give the user the permission to read from it (rabbitmqctl set_permissions).' },
    error,
  );
}

function otherType(one: ExchangeDeclaration, error: Error, where: string | undefined): StreambindError {
  const given = serverText(error);
  const [, type] = /current is '([^']+)'/.exec(given) ?? [];
  return new StreambindError(
    'TOPOLOGY_CONFLICT',
    `The ${nameOf(one)} exists, and is of another type than the binding asks for.`,
    {
      ...at(where),
      given,
      fix: `Set exchange-type: ${type ?? 'as the broker has it'} for the binding; give it another destination, or a prefix; delete the exchange, so that it is made anew.`,
    },
    error,
  );
}

export function unknownType(one: ExchangeDeclaration, lost: Error, where: string | undefined): StreambindError {
  const delayed = one.type === 'x-delayed-message';
  return new StreambindError(
    'BINDER_FAILED',
    `RabbitMQ does not know the type of the ${nameOf(one)}, and closed the connection.`,
    {
      ...at(where),
      given: one.type,
      fix: delayed
        ? 'Install the plug-in rabbitmq_delayed_message_exchange in the broker, or take delayed-exchange out.'
        : 'Change exchange-type.',
    },
    lost,
  );
}

/** Something is there and differs, and the binding works with it. */
export const toleratedText = (one: Declaration, error: Error, where: string | undefined): string =>
  [
    `The ${nameOf(one)} exists and is used as it is: ${serverText(error)}.`,
    ...(where === undefined ? [] : [`  where:   ${where}`]),
    `  fix:     Give the binding the options that the ${one.kind} was made with, or delete the ${one.kind}, and what is in it.`,
  ].join('\n');

const at = (where: string | undefined): { where?: string } => (where === undefined ? {} : { where });

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
