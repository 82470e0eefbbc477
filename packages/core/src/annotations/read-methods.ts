/** Methods that handle messages, and methods that timers call. */
import type { HeaderOptions, IdempotentReceiverOptions, PayloadOptions, StreamListenerOptions } from './bindings.js';
import type { ListenerDescription, ParameterDescription, TaskDescription } from './descriptions.js';
import type { InboundChannelAdapterOptions, ServiceActivatorOptions } from './integration.js';
import { parameterTypes, returnsOf } from './metadata.js';
import type { Annotation, Class } from './record.js';
import type { TriggerOptions } from './scheduling.js';

const LISTENING = new Set(['StreamListener', 'ServiceActivator', 'Transformer']);
const TIMED = new Set(['Scheduled', 'InboundChannelAdapter']);

/** One for each decorator of a method; a derived class's replaces that of its base. */
export const listenersOf = (type: Class, annotations: readonly Annotation[]): ListenerDescription[] =>
  latest(annotations, LISTENING).map((annotation) => listener(type, annotation, annotations));

export const tasksOf = (type: Class, annotations: readonly Annotation[]): TaskDescription[] =>
  latest(annotations, TIMED).map((annotation) => task(type, annotation));

/** Of a method that base and derived class annotate, the derived class's annotation. */
export const latest = (annotations: readonly Annotation[], kinds: ReadonlySet<string>): Annotation[] => [
  ...new Map(
    annotations
      .filter(({ on, kind }) => on === 'method' && kinds.has(kind))
      .map((annotation) => [`${annotation.kind} ${String(annotation.member)}`, annotation]),
  ).values(),
];

function listener(type: Class, annotation: Annotation, annotations: readonly Annotation[]): ListenerDescription {
  const method = String(annotation.member);
  const beside = annotations.filter(({ member }) => member === annotation.member);
  const idempotent = beside.findLast(({ on, kind }) => on === 'method' && kind === 'IdempotentReceiver');
  return {
    owner: type,
    method,
    at: `${type.name}.${method}`,
    ...(annotation.kind === 'StreamListener' ? ofStreamListener(annotation, beside) : ofIntegration(annotation)),
    ...(idempotent ? { idempotent: idempotent.value as IdempotentReceiverOptions } : {}),
    parameters: parametersOf(type, method, beside),
    returns: returnsOf(type, method),
  };
}

type Routing = Pick<ListenerDescription, 'kind' | 'target' | 'condition' | 'copyHeaders' | 'sendTo'>;

/** Spring takes `@Output` on the method for `@SendTo`. */
function ofStreamListener({ value }: Annotation, beside: readonly Annotation[]): Routing {
  const { target, condition, copyHeaders } = value as StreamListenerOptions;
  const sendTo = beside.findLast(({ kind }) => kind === 'SendTo')?.value as readonly string[] | undefined;
  const output = beside.findLast(({ on, kind }) => on === 'method' && kind === 'Output');
  return {
    kind: 'StreamListener',
    target,
    ...(condition === undefined ? {} : { condition }),
    copyHeaders: copyHeaders ?? true,
    sendTo: sendTo ?? (output && [(output.value as string | undefined) ?? '']),
  };
}

function ofIntegration({ kind, value }: Annotation): Routing {
  const { inputChannel, outputChannel } = value as ServiceActivatorOptions;
  return {
    kind: kind as 'ServiceActivator' | 'Transformer',
    target: inputChannel,
    copyHeaders: true,
    sendTo: outputChannel === undefined ? undefined : [outputChannel],
  };
}

const parametersOf = (type: Class, method: string, beside: readonly Annotation[]): ParameterDescription[] =>
  parameterTypes(type, method).map((designType, index) => {
    const own = beside.filter((annotation) => annotation.on === 'parameter' && annotation.index === index);
    const payload = own.find(({ kind }) => kind === 'Payload')?.value as PayloadOptions | undefined;
    const header = own.find(({ kind }) => kind === 'Header')?.value as HeaderOptions | undefined;
    return {
      index,
      ...(designType === undefined ? {} : { type: designType }),
      ...(payload === undefined ? {} : { payload }),
      ...(header === undefined ? {} : { header }),
      headers: own.some(({ kind }) => kind === 'Headers'),
      channel: own.some(({ kind }) => kind === 'Input' || kind === 'Output'),
    };
  });

function task(type: Class, { kind, member, value }: Annotation): TaskDescription {
  const method = String(member);
  const from = {
    owner: type,
    method,
    at: `${type.name}.${method}`,
    parameters: parameterTypes(type, method).length,
    returns: returnsOf(type, method),
  };
  if (kind === 'Scheduled') return { ...from, kind, trigger: value as TriggerOptions, callsPerRun: 1 };
  const { value: name, channel, poller = {} } = value as InboundChannelAdapterOptions;
  const { maxMessagesPerPoll = 1, ...trigger } = poller;
  return {
    ...from,
    kind: 'InboundChannelAdapter',
    trigger:
      trigger.cron === undefined && trigger.fixedDelay === undefined ? { ...trigger, fixedDelay: 1000 } : trigger,
    channel: name ?? channel ?? '',
    callsPerRun: maxMessagesPerPoll < 0 ? Infinity : maxMessagesPerPoll,
  };
}
