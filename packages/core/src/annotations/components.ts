/** Decorators of components and of what is injected into them. */
import { classDecorator, injectionDecorator, methodDecorator, type Class } from './record.js';

export interface BootApplicationOptions {
  /** Components beside those the scan finds; all of them where no scan is possible, as in a bundle. */
  readonly components?: readonly Class[];
}

/** Marks the main class. Spring: `@SpringBootApplication`. */
export const BootApplication = (options: BootApplicationOptions = {}): ClassDecorator =>
  classDecorator('BootApplication', options);

/** A singleton of the application. Its name is the class's with a small first letter unless one is given. */
export const Component = (name?: string): ClassDecorator => classDecorator('Component', name);
export const Service = Component;
export const Repository = Component;

/** A component whose `@Bean` methods make further components. */
export const Configuration = Component;

/** On a method of a component: what it returns (or resolves to) is a component named after the method. */
export const Bean = (name?: string): MethodDecorator => methodDecorator('Bean', name);

/** Preferred where several components fit a type. On a class or a `@Bean` method. */
export const Primary = (): ClassDecorator & MethodDecorator => onClassOrMethod('Primary', undefined);

/** The component exists only under one of these profiles; `!name` means: not active. On a class or a `@Bean` method. */
export const Profile = (...profiles: string[]): ClassDecorator & MethodDecorator =>
  onClassOrMethod('Profile', profiles);

/** Injects by name (the member's own unless one is given), then by type. Java: `javax.annotation.Resource`. */
export const Resource = (name?: string): PropertyDecorator & ParameterDecorator => injectionDecorator('Resource', name);

/**
 * The class is a component whose fields are the properties below the prefix, by relaxed names: `maxSize` is
 * `<prefix>.max-size`. A field takes the type of its default: number, boolean, text, a list, a plain object as a map, an
 * object of another class as a block of keys. `@ConfigurationProperty` says it where a default cannot. The class is made
 * without constructor arguments.
 */
export const ConfigurationProperties = (prefix: string): ClassDecorator =>
  classDecorator('ConfigurationProperties', prefix);

/** `duration` is given in milliseconds (from `5s`), `size` in bytes (from `10MB`). */
export type PropertyType = 'duration' | 'size' | 'integer' | typeof String | typeof Number | typeof Boolean | Class;

/**
 * On a field of a `@ConfigurationProperties` class that has no default, or whose default does not say enough: the type
 * of the field or, of a list or map, of its elements.
 * @param type default: the field's declared class, as the compiler wrote it
 */
export const ConfigurationProperty = (type?: PropertyType): PropertyDecorator =>
  injectionDecorator('ConfigurationProperty', type);

export interface AutowiredOptions {
  /** Default true; false leaves `undefined` where nothing fits. */
  readonly required?: boolean;
}

/** Injects by type; among several that fit, by `@Primary`, then by the member's name. */
export const Autowired = (options: AutowiredOptions = {}): PropertyDecorator & ParameterDecorator =>
  injectionDecorator('Autowired', options);

/** Names the component to inject, beside `@Autowired` or `@Resource`. */
export const Qualifier = (name: string): PropertyDecorator & ParameterDecorator =>
  injectionDecorator('Qualifier', name);

/**
 * Injects a property: `@Value('${server.port:8080}')`. The text is converted to the member's type where that is
 * `Number` or `Boolean`.
 */
export const Value = (text: string): PropertyDecorator & ParameterDecorator => injectionDecorator('Value', text);

/** Called once the component is complete, awaited, in the order of dependencies. */
export const PostConstruct = (): MethodDecorator => methodDecorator('PostConstruct', undefined);

/** Called when the application stops, awaited, in the reverse order of `@PostConstruct`. */
export const PreDestroy = (): MethodDecorator => methodDecorator('PreDestroy', undefined);

const onClassOrMethod =
  (kind: string, value: unknown): ClassDecorator & MethodDecorator =>
  (target: object, member?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (member === undefined) classDecorator(kind, value)(target as never);
    else methodDecorator(kind, value)(target, member, descriptor ?? {});
  };
