/** What is wrong with the channels of binding classes by their declaration alone. */
import { StreambindError } from '../errors/index.js';
import type { ChannelDescription, Class } from '../annotations/index.js';
import { MessageChannel, PollableMessageSource, SubscribableChannel } from '../messaging/index.js';

/** The first declaration of a name wins, as in Spring; one name for two different channels is refused. */
export function distinctChannels(
  channels: readonly ChannelDescription[],
  errors: StreambindError[],
): Map<string, ChannelDescription> {
  const distinct = new Map<string, ChannelDescription>();
  for (const channel of channels) {
    const other = distinct.get(channel.name);
    if (!other) distinct.set(channel.name, channel);
    else if (other.direction !== channel.direction)
      errors.push(duplicate(channel, other, 'is declared as an input and as an output'));
    else if (other.bindable === channel.bindable)
      errors.push(duplicate(channel, other, `is declared twice by ${channel.bindable.name}`));
  }
  return distinct;
}

const duplicate = (channel: ChannelDescription, other: ChannelDescription, what: string): StreambindError =>
  new StreambindError('CHANNEL_DUPLICATE', `The channel "${channel.name}" ${what}.`, {
    where: at(channel),
    given: `${at(other)} and ${at(channel)}`,
    fix: 'Give one of them another name.',
  });

/** @throws NOT_SUPPORTED_YET, CHANNEL_TYPE */
export function checkChannel(channel: ChannelDescription): void {
  const { type, direction } = channel;
  if (type === undefined) return;
  if (is(type, PollableMessageSource)) {
    throw new StreambindError('NOT_SUPPORTED_YET', 'Polled consumers come in a later version.', {
      where: at(channel),
      fix: 'Declare the input as a SubscribableChannel and listen to it.',
    });
  }
  if (type === MessageChannel || (direction === 'input' && type === SubscribableChannel)) return;
  throw new StreambindError('CHANNEL_TYPE', `The ${direction} "${channel.name}" is no channel by its type.`, {
    where: at(channel),
    given: type.name,
    allowed: direction === 'input' ? 'SubscribableChannel or MessageChannel' : 'MessageChannel',
  });
}

const at = ({ bindable, field }: ChannelDescription): string => `${bindable.name}.${field}`;
const is = (type: Class, base: Class): boolean => type === base || (type.prototype as unknown) instanceof base;
