/** From methods with timers to tasks of the scheduler. */
import type { TaskDescription } from '../annotations/index.js';
import type { Environment } from '../config/index.js';
import type { Context } from '../context/index.js';
import { Message, MessageBuilder, type MessageChannel } from '../messaging/index.js';
import type { Task } from './scheduler.js';
import { triggerOf } from './trigger.js';

/**
 * @param context started by the time the task runs
 * @throws DECORATOR_MISUSE, CONFIG_VALUE, CONFIG_PLACEHOLDER
 */
export function taskOf(
  { owner, method, at, trigger, channel, callsPerRun }: TaskDescription,
  environment: Environment,
  context: Context,
  outputs: ReadonlyMap<string, MessageChannel>,
): Task {
  const call = (): unknown => (context.get(owner) as Record<string, () => unknown>)[method]!();
  const output = channel === undefined ? undefined : outputs.get(channel);
  return {
    at,
    trigger: triggerOf(trigger, at, environment),
    run: output ? (stopped) => poll(call, callsPerRun, output, stopped) : call,
  };
}

/** Sends what the calls return, until one returns nothing. */
async function poll(call: () => unknown, calls: number, output: MessageChannel, stopped: () => boolean): Promise<void> {
  for (let made = 0; made < calls && !stopped(); made++) {
    const value = await call();
    if (value === undefined || value === null) return;
    await output.send(value instanceof Message ? value : MessageBuilder.withPayload(value).build());
  }
}
