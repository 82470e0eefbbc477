/** `guarantee: at-least-once`: what the start refuses to run without. */
import { StreambindError } from '../errors/index.js';
import type { BinderFactory, GuaranteedBinding } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { binderOptions } from './binders.js';
import { whereIs } from './keys.js';

/** Everything by which a message of this binding could be lost. */
export function guaranteeErrors(
  name: string,
  guarantee: 'at-least-once' | 'at-most-once',
  { binder, factory, environment }: { binder: string; factory: BinderFactory; environment: Environment },
  binding: GuaranteedBinding,
): StreambindError[] {
  if (guarantee === 'at-most-once' || !factory.weaknesses) return [];
  return factory.weaknesses(binderOptions(factory, binder, environment), binding).map(({ what, given, fix }) => {
    const side = binding.direction === 'input' ? 'consumer' : 'producer';
    return new StreambindError('GUARANTEE', `The binding "${name}" cannot keep at-least-once: ${what}`, {
      where: whereIs(environment, name),
      given,
      fix: `${fix} Or accept the loss: spring.cloud.stream.bindings.${name}.${side}.guarantee: at-most-once`,
    });
  });
}
