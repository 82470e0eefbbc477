/** Decorators that do nothing where they stand. Each is told; silence is how a listener is never called. */
import { StreambindError } from '../errors/index.js';
import { annotationsOf, isComponent } from './read.js';
import type { Annotation, Class, ClassRecord } from './record.js';

const LISTENING = ['StreamListener', 'ServiceActivator', 'Transformer'];
/** Decorators of methods that are called on a component. */
const CALLED = new Set([...LISTENING, 'InboundChannelAdapter', 'Scheduled', 'Bean', 'PostConstruct', 'PreDestroy']);
const OF_ARGUMENTS = new Set(['Payload', 'Header', 'Headers']);
const CHANNEL = new Set(['Input', 'Output']);
const INJECTING = new Set(['Resource', 'Autowired', 'Qualifier']);

const misuse = (where: string, what: string, fix?: string): StreambindError =>
  new StreambindError('DECORATOR_MISUSE', what, { where, ...(fix === undefined ? {} : { fix }) });

/**
 * Mistakes on the members of one component.
 * @param enabled its channels are bound: it is a binding class itself
 */
export function misplacedMembers(type: Class, enabled: boolean): StreambindError[] {
  const byMember = new Map<string, Annotation[]>();
  for (const annotation of annotationsOf(type)) {
    if (annotation.member === undefined) continue;
    const member = String(annotation.member);
    byMember.set(member, [...(byMember.get(member) ?? []), annotation]);
  }
  return [...byMember].flatMap(([member, own]) => {
    const at = `${type.name}.${member}`;
    return own.some(({ on }) => on === 'field') ? field(at, own, enabled) : method(at, type, member, own);
  });
}

function field(at: string, own: readonly Annotation[], enabled: boolean): StreambindError[] {
  const channel = own.find(({ kind }) => CHANNEL.has(kind));
  if (!channel || enabled || own.some(({ kind }) => INJECTING.has(kind))) return [];
  const what = `@${channel.kind} declares a channel, and no @EnableBinding names its class`;
  return [misuse(at, what, 'Inject a channel with @Resource(), or name the class in @EnableBinding(…).')];
}

function method(at: string, type: Class, member: string, own: readonly Annotation[]): StreambindError[] {
  const has = (...kinds: string[]): boolean => own.some(({ on, kind }) => on === 'method' && kinds.includes(kind));
  const errors: StreambindError[] = [];
  const listens = has('StreamListener');
  const called = own.find(({ on, kind }) => on === 'method' && CALLED.has(kind));
  if (called && typeof (type.prototype as Record<string, unknown>)[member] !== 'function')
    errors.push(misuse(at, `@${called.kind} stands on a static method`, 'Make it a method of the instance.'));
  if (has('Input'))
    errors.push(
      listens
        ? misuse(
            at,
            'A method annotated with @StreamListener may never be annotated with @Input. If it should listen to a specific input, use the value of @StreamListener instead',
          )
        : misuse(at, '@Input stands on a method', 'Declare channels as fields of a binding class.'),
    );
  if (has('SendTo', 'Output') && !listens)
    errors.push(misuse(at, `@${has('SendTo') ? 'SendTo' : 'Output'} means nothing without @StreamListener`));
  if (has('SendTo') && has('Output'))
    errors.push(misuse(at, 'A method annotated with @StreamListener takes one of @SendTo and @Output'));
  if (has('IdempotentReceiver') && !has(...LISTENING))
    errors.push(misuse(at, '@IdempotentReceiver means nothing on a method that listens to no channel'));
  const argument = own.find(({ on, kind }) => on === 'parameter' && OF_ARGUMENTS.has(kind));
  if (argument && !has(...LISTENING))
    errors.push(misuse(at, `@${argument.kind}() means nothing on a method that listens to no channel`));
  return errors;
}

/** Classes whose decorated methods nobody calls, because they are no components and no component extends them. */
export function orphans(records: Iterable<ClassRecord>): StreambindError[] {
  const all = [...records];
  const components = all.map(({ type }) => type).filter(isComponent);
  const isBase = (type: Class): boolean => components.some((component) => component.prototype instanceof type);
  return all.flatMap(({ type, annotations }) => {
    const called = annotations.find(({ on, kind }) => on === 'method' && CALLED.has(kind));
    if (!called || isComponent(type) || isBase(type)) return [];
    const what = `@${called.kind} stands in ${type.name}, which is no component`;
    return [misuse(`${type.name}.${String(called.member)}`, what, `Decorate ${type.name} with @Component().`)];
  });
}

/** Classes that declare channels and are none of the enabled ones. */
export const notEnabled = (records: Iterable<ClassRecord>, enabled: ReadonlySet<Class>): Class[] =>
  [...records]
    .filter(({ type, annotations }) => {
      const declares = annotations.some(({ on, kind }) => on === 'field' && CHANNEL.has(kind));
      return declares && !isComponent(type) && !enabled.has(type);
    })
    .map(({ type }) => type);
