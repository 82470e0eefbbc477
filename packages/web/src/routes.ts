/** From the annotations of controllers to a table of routes. Pure: no method of a controller is called. */
import { recordOf, StreambindError, type Annotation, type Class } from '@streambind/core/internal';
import type { HttpMethod, Mapping, RequestValueOptions } from './annotations.js';
import { bodyArgument, headerArgument, parameterArgument, variableArgument, type ReadArgument } from './arguments.js';
import { bySpecificity, parsePath, type PathPattern } from './path.js';
import { isStatus } from './status.js';

export interface Controller {
  readonly type: Class;
  readonly instance: object;
}

export interface Route {
  /** Absent: every method. */
  readonly method?: HttpMethod;
  readonly path: PathPattern;
  /** `SendMessageController.sendMessage` */
  readonly at: string;
  readonly instance: object;
  readonly member: string | symbol;
  readonly status: number;
  readonly arguments: readonly ReadArgument[];
  /** An argument comes from the body, or may come from a form in it. */
  readonly readsBody: boolean;
}

/**
 * In the order in which they are to be tried: Spring's, the more specific first.
 * @param contextPath stands before all paths
 * @throws WEB_ROUTE a path that cannot be read or is served twice; DECORATOR_MISUSE
 */
export function routesOf(components: readonly Controller[], contextPath = ''): readonly Route[] {
  const routes = components.flatMap((component) => routesOfOne(component, contextPath));
  const taken = new Map<string, Route>();
  for (const route of routes) {
    const { at, path, method = 'any method of' } = route;
    const key = `${method} ${path.shape}`;
    const other = taken.get(key);
    if (other) {
      const what = `${other.at} and ${at} both serve ${method} ${path.text}.`;
      throw new StreambindError('WEB_ROUTE', what, { where: at, fix: 'Give one of them another path or method.' });
    }
    taken.set(key, route);
  }
  return routes.sort(
    (a, b) => bySpecificity(a.path, b.path) || Number(a.method === undefined) - Number(b.method === undefined),
  );
}

function routesOfOne({ type, instance }: Controller, contextPath: string): Route[] {
  const chain = classesOf(type);
  const controller = onClass([type], 'RestController') as string | undefined;
  const shared = onClass(chain, 'RequestMapping') as Mapping | undefined;
  const sharedStatus = onClass(chain, 'ResponseStatus') ?? 200;
  return mappedMethods(chain).flatMap(({ link, member, mapping, beside }) => {
    const at = `${type.name}.${String(member)}`;
    if (controller === undefined) {
      throw misuse(
        at,
        `${type.name} maps requests and is no controller.`,
        'Decorate the class with @RestController().',
      );
    }
    const status: unknown = beside.find(({ kind }) => kind === 'ResponseStatus')?.value ?? sharedStatus;
    if (!isStatus(status))
      throw misuse(at, `${String(status)} is no status of an answer.`, 'Take one from 200 to 599.');
    const readsBody = beside.some(({ kind }) => kind === 'RequestBody' || kind === 'RequestParam');
    const methods = mapping.methods.length > 0 ? mapping.methods : (shared?.methods ?? []);
    return orEmpty(shared?.paths).flatMap((prefix) =>
      orEmpty(mapping.paths).flatMap((own): Route[] => {
        const path = pathAt(at, contextPath, controller, prefix, own);
        const reads = argumentsOf(link, member, at, path, beside);
        const route = { path, at, instance, member, status, arguments: reads, readsBody };
        return methods.length > 0 ? methods.map((method) => ({ ...route, method })) : [route];
      }),
    );
  });
}

interface MappedMethod {
  /** The class that maps it; its decorators on the method and on its parameters count. */
  readonly link: Class;
  readonly member: string | symbol;
  readonly mapping: Mapping;
  readonly beside: readonly Annotation[];
}

/** What a derived class maps anew replaces the mappings of its base class for that method. */
function mappedMethods(chain: readonly Class[]): readonly MappedMethod[] {
  const mapped: MappedMethod[] = [];
  for (const link of chain) {
    const own = recordOf(link)?.annotations ?? [];
    const fresh = own.filter(
      ({ on, kind, member }) =>
        on === 'method' &&
        kind === 'RequestMapping' &&
        !mapped.some((one) => one.member === member && one.link !== link),
    );
    for (const { member, value } of fresh) {
      const beside = own.filter((annotation) => annotation.member === member);
      mapped.push({ link, member: member!, mapping: value as Mapping, beside });
    }
  }
  return mapped;
}

const orEmpty = (paths: readonly string[] | undefined): readonly string[] => (paths?.length ? paths : ['']);

/** The class and its base classes. */
function classesOf(type: Class): Class[] {
  const chain: Class[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    chain.push(at as Class);
  }
  return chain;
}

function onClass(chain: readonly Class[], kind: string): unknown {
  for (const link of chain) {
    const found = recordOf(link)?.annotations.find(
      (annotation) => annotation.on === 'class' && annotation.kind === kind,
    );
    if (found) return found.value;
  }
  return undefined;
}

function pathAt(at: string, ...parts: readonly string[]): PathPattern {
  try {
    return parsePath(...parts);
  } catch (cause) {
    const text = parts.join('');
    throw new StreambindError(
      'WEB_ROUTE',
      `The path ${text} cannot be read: ${(cause as Error).message}.`,
      { where: at },
      cause,
    );
  }
}

function argumentsOf(
  declaring: Class,
  member: string | symbol,
  at: string,
  path: PathPattern,
  beside: readonly Annotation[],
): readonly ReadArgument[] {
  const prototype = declaring.prototype as Record<string | symbol, unknown>;
  const method = prototype[member];
  if (typeof method !== 'function') throw misuse(at, `${at} is no method of an instance.`, 'Remove its "static".');
  const types = Reflect.getOwnMetadata('design:paramtypes', prototype, member) as unknown[] | undefined;
  return Array.from({ length: types?.length ?? method.length }, (_, index) => {
    const own = beside.filter((annotation) => annotation.on === 'parameter' && annotation.index === index);
    const where = `${at} parameter ${index + 1}`;
    if (own.length !== 1) {
      const what = own.length === 0 ? 'nothing says' : 'several decorators say';
      throw misuse(
        where,
        `Of ${where} ${what} what it takes.`,
        'Use one of @PathVariable, @RequestParam, @RequestHeader, @RequestBody.',
      );
    }
    try {
      return argument(own[0]!, types?.[index], path);
    } catch (cause) {
      throw misuse(where, `${where} cannot be read: ${(cause as Error).message}.`, undefined, cause);
    }
  });
}

function argument({ kind, value }: Annotation, type: unknown, path: PathPattern): ReadArgument {
  switch (kind) {
    case 'PathVariable':
      return variableArgument(...variable(value as string | undefined, path), type);
    case 'RequestParam':
      return parameterArgument(value as RequestValueOptions, type);
    case 'RequestHeader':
      return headerArgument(value as RequestValueOptions, type);
    case 'RequestBody':
      return bodyArgument(type);
    default:
      throw new TypeError(`@${kind} means nothing on a controller`);
  }
}

function variable(name: string | undefined, { text, variables }: PathPattern): [index: number, name: string] {
  if (name === undefined && variables.length !== 1) {
    throw new TypeError(`${text} has ${variables.length} variables, so that the decorator has to name one`);
  }
  const index = name === undefined ? 0 : variables.indexOf(name);
  if (index < 0) throw new TypeError(`${text} has no variable ${name}`);
  return [index, variables[index]!];
}

const misuse = (where: string, what: string, fix?: string, cause?: unknown): StreambindError =>
  new StreambindError('DECORATOR_MISUSE', what, { where, ...(fix === undefined ? {} : { fix }) }, cause);
