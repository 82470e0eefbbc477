/** The instances of `@ConfigurationProperties` classes: made first, so that their mistakes are told with all others. */
import { StreambindError, asError } from '../errors/index.js';
import type { Class, ComponentDescription } from '../annotations/index.js';
import { keysOf, readShape, type Environment, type KeyGroup } from '../config/index.js';
import { shapeOf } from '../context/index.js';

export class ConfiguredClasses {
  readonly instances = new Map<Class, object>();
  /** The keys that they know. */
  readonly keys: KeyGroup[] = [];

  constructor(private readonly environment: Environment) {}

  /**
   * Problems of values are the environment's.
   * @throws DECORATOR_MISUSE, COMPONENT_FAILED
   */
  read({ type, propertiesPrefix: prefix, constructorParameters }: ComponentDescription): void {
    if (prefix === undefined) return;
    if (constructorParameters.length > 0) {
      throw new StreambindError('DECORATOR_MISUSE', 'A @ConfigurationProperties class has no constructor parameters', {
        where: type.name,
        fix: 'Inject into fields.',
      });
    }
    const instance = make(type);
    const shape = shapeOf(instance);
    readShape(this.environment, prefix, shape);
    this.instances.set(type, instance);
    this.keys.push(keysOf(prefix, shape));
  }
}

function make(type: Class): object {
  try {
    return new (type as unknown as new () => object)();
  } catch (error) {
    const cause = asError(error);
    throw new StreambindError(
      'COMPONENT_FAILED',
      `${type.name} could not be made: ${cause.message}`,
      { where: type.name },
      cause,
    );
  }
}
