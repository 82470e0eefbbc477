/** What can happen to a group and its readers, as the errors that are told. */
import { StreambindError } from '@streambind/core/binder';

export const groupReset = (stream: string, group: string): StreambindError =>
  new StreambindError('DESTINATION_RESET', `The group "${group}" of ${stream} was gone and is made anew.`, {
    where: stream,
    fix: 'It was deleted, or Redis came back without its data: entries that were in it may be lost.',
  });

export const streamReset = (stream: string): StreambindError =>
  new StreambindError('DESTINATION_RESET', `${stream} was gone and began anew.`, {
    where: stream,
    fix: 'It was deleted, or Redis came back without its data.',
  });

export const entriesDeleted = (stream: string, count: number): StreambindError =>
  new StreambindError('DESTINATION_RESET', `${count} entries of ${stream} were deleted before they were handled.`, {
    where: stream,
    fix: 'They were removed by hand, or by a limit: max-length of a producer, MAXLEN of another program.',
  });

export const contested = (stream: string, group: string, owner: string): StreambindError =>
  new StreambindError(
    'BINDER_FAILED',
    `Two consumers of the group "${group}" claim the same instance index: ${stream} is read by ${owner}.`,
    { where: stream, fix: 'Give every instance its own spring.cloud.stream.instance-index.' },
  );

export const fenced = (stream: string, group: string, leaseMs: number): StreambindError =>
  new StreambindError('FENCED', `${stream} was taken over from this consumer of "${group}".`, {
    where: stream,
    given: `no sign of life for ${leaseMs} ms`,
    fix: 'A handler may block the process: let it await, or raise spring.cloud.stream.redis.binder.lease.',
  });
