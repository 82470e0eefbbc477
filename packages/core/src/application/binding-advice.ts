/** What is probably meant otherwise in the blocks of bindings, although an application would start with it. */
import { nearest } from '../errors/index.js';
import { BINDING, KNOWN_TYPES, PREFIX } from '../binding/index.js';
import type { Environment, Problem } from '../config/index.js';
import { kebab } from '../schema/index.js';

/** What the configuration says a binding is: one, both where it has the blocks of both, none where it does not tell. */
export function directionsOf(name: string, environment: Environment): readonly ('input' | 'output')[] {
  const base = `${PREFIX}.bindings.${name}`;
  const consumer = environment.names(`${base}.consumer`).length > 0;
  const producer = environment.names(`${base}.producer`).length > 0;
  if (consumer && producer) return ['input', 'output'];
  if (consumer || (!producer && /^input$|-in-\d+$/.test(name))) return ['input'];
  if (producer || /^output$|-out-\d+$/.test(name)) return ['output'];
  return environment.options(BINDING, base).group === undefined ? [] : ['input'];
}

export function adviseOnBindings(names: readonly string[], environment: Environment): void {
  const warn = (key: string, message: string, more: Partial<Problem> = {}): void => {
    const origin = environment.keyOrigin(key);
    environment.report({
      severity: 'warning',
      code: 'CONFIG_KEY',
      ...(origin?.file !== undefined && { file: origin.file }),
      ...(origin?.line !== undefined && { line: origin.line }),
      ...(origin?.column !== undefined && { column: origin.column }),
      path: key,
      message,
      ...more,
    });
  };
  // its users are used to groups of producers, and write them here
  const rocketmq = environment.names(`${PREFIX}.rocketmq`).length > 0;
  const withDestination = names.filter((name) => destinationOf(name, environment) !== undefined);
  for (const name of names) {
    const base = `${PREFIX}.bindings.${name}`;
    const directions = directionsOf(name, environment);
    if (directions.length === 2) {
      warn(
        `${base}.producer`,
        'has a consumer block beside it; a binding is an input or an output, and the other block has no effect',
      );
    }
    if (directions.join() === 'output' && !rocketmq && environment.options(BINDING, base).group !== undefined) {
      warn(`${base}.group`, 'has no effect on an output: consumers have groups', {
        suggestion: `${base}.producer.required-groups`,
      });
    }
    if (!withDestination.includes(name)) adviseOnDestination(name, withDestination, warn, environment);
  }
  adviseOnBinderTrees(names, warn, environment);
}

type Warn = (key: string, message: string, more?: Partial<Problem>) => void;

function adviseOnDestination(name: string, others: readonly string[], warn: Warn, environment: Environment): void {
  const base = `${PREFIX}.bindings.${name}`;
  const meant = `${base}.destination`;
  const written = Object.keys(BINDING.options)
    .map((option) => `${base}.${kebab(option)}`)
    .filter((key) => environment.keyOrigin(key) !== undefined);
  const close = nearest(name, others);
  if (written.includes(meant)) {
    if (isEmpty(meant, environment)) warn(meant, `is empty, so it is "${name}", the name of the binding, as in Spring`);
  } else if (close !== undefined && isSlip(name, close)) {
    warn(base, `names no destination, and its name is nearly "${close}"`, { suggestion: close });
  } else if (written.length > 0 && name !== 'default') {
    const message = `names no destination, so it is "${name}", the name of the binding, as in Spring`;
    warn(base, message, { suggestion: meant });
  }
}

/** False for what cannot be resolved, and for a block: both are told elsewhere. */
function isEmpty(key: string, environment: Environment): boolean {
  try {
    return environment.get(key) === '';
  } catch {
    return false;
  }
}

/** `rabbit.bindings.inptu`, where `bindings` has `input`. */
function adviseOnBinderTrees(names: readonly string[], warn: Warn, environment: Environment): void {
  const known = new Set(names.map((name) => name.toLowerCase()));
  for (const type of KNOWN_TYPES) {
    for (const name of environment.names(`${PREFIX}.${type}.bindings`)) {
      const close = known.has(name.toLowerCase()) ? undefined : nearest(name, names);
      if (close === undefined || !isSlip(name, close)) continue;
      warn(`${PREFIX}.${type}.bindings.${name}`, `there is no binding "${name}"`, { suggestion: close });
    }
  }
}

/** `input1` and `input2`, or `order-in-0` and `order-out-0`, are two names on purpose. */
const isSlip = (name: string, close: string): boolean => /\D$/.test(name) && /\D$/.test(close) && name.length > 3;

const destinationOf = (name: string, environment: Environment): string | undefined =>
  environment.options(BINDING, `${PREFIX}.bindings.${name}`, `${PREFIX}.default`).destination;
