import type { Class, ComponentDescription, BeanMethod, Injection } from '../annotations/index.js';

/** Something that can be injected: a component, what a `@Bean` method makes, or an object that is there already. */
export interface Definition {
  readonly name: string;
  /** Absent for a bean whose type the compiler did not write: found by name only. */
  readonly type?: Class;
  readonly primary: boolean;
  /** `app.ts` or `Config.clock()`: for messages. */
  readonly from: string;
  readonly source:
    | {
        readonly kind: 'component';
        readonly description: ComponentDescription;
        /** Made already: its fields were read from the configuration. */
        readonly made?: object;
      }
    | { readonly kind: 'bean'; readonly owner: ComponentDescription; readonly method: BeanMethod }
    | { readonly kind: 'instance'; readonly instance: object };
}

export const instanceDefinition = (name: string, type: Class, instance: object, from: string): Definition => ({
  name,
  type,
  primary: false,
  from,
  source: { kind: 'instance', instance },
});

/** The definitions of components and of their beans, those left out whose profile is not active. */
export function definitionsOf(
  descriptions: readonly ComponentDescription[],
  isActive: (profiles: readonly string[]) => boolean,
  made: ReadonlyMap<Class, object> = new Map(),
): Definition[] {
  return descriptions
    .filter(({ profiles }) => isActive(profiles))
    .flatMap((description): Definition[] => {
      const instance = made.get(description.type);
      return [
        {
          name: description.name,
          type: description.type,
          primary: description.primary,
          from: description.file ?? description.type.name,
          source: { kind: 'component', description, ...(instance === undefined ? {} : { made: instance }) },
        },
        ...description.beans
          .filter(({ profiles }) => isActive(profiles))
          .map((method): Definition => ({
            name: method.name,
            ...(method.type === undefined ? {} : { type: method.type }),
            primary: method.primary,
            from: `${description.type.name}.${method.method}()`,
            source: { kind: 'bean', owner: description, method },
          })),
      ];
    });
}

/** What has to exist before the thing itself can be made. */
export const constructionInjections = ({ source }: Definition): readonly Injection[] =>
  source.kind === 'component'
    ? source.description.constructorParameters
    : source.kind === 'bean'
      ? source.method.parameters
      : [];
