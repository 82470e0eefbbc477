/**
 * What an option is, as data. Binders, modules and core describe their configuration with it; the config room reads
 * values by it, the documentation is printed from it. No room but `config` interprets these descriptions.
 */
export type OptionType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'number'
  /** Read from `500`, `500ms`, `2s`, `1m`, `1h`, `1d` or ISO-8601 `PT2S`; given to the program in milliseconds. */
  | 'duration'
  /** Read from `512`, `10KB`, `16MB`, `1GB` (1024-based, as in Spring's DataSize); given in bytes. */
  | 'size'
  /** One of `values`, compared without case, `-` and `_`; given as it is written in `values`. */
  | 'enum'
  /** A yml list, `[0]` keys, or a comma-separated string. */
  | 'list'
  /** A tree of the user's own keys; given as a flat record whose keys keep their spelling. */
  | 'map'
  /** A boolean by name; the names are the user's. */
  | 'boolean-map'
  /** An expression of the supported SpEL subset, given as its text. */
  | 'expression'
  /** The name of a component. */
  | 'bean';

export interface Option {
  readonly type: OptionType;
  /** What an unset option is; absent: undefined. */
  readonly default?: unknown;
  readonly min?: number;
  readonly max?: number;
  /** For `enum`, the allowed words; for `list`, the allowed elements when only some are. */
  readonly values?: readonly string[];
  /** For `duration`: what a bare number counts. Default `ms`. */
  readonly unit?: 'ms' | 's';
  /** Names of older releases, kebab-case: accepted, with one warning that names the new one. */
  readonly oldNames?: readonly string[];
  /** Spring has this option and we do not: why. Setting it warns with this text. */
  readonly unsupported?: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** One sentence for the reference page. */
  readonly doc: string;
}

/**
 * Options by their camelCase name; in a file the name is kebab-case, and every relaxed spelling of it.
 * `T` is what the values come to. A name may be a path (`tls.keyStore`); `T` then has that path as its key.
 */
export interface Schema<T = unknown> {
  readonly options: { readonly [K in keyof T]-?: Option };
}

/** Declares a schema; exists so that `T` is checked against the options where they are written. */
export const schema = <T>(options: { readonly [K in keyof T]-?: Option }): Schema<T> => ({ options });

/** `backOffMaxInterval` → `back-off-max-interval`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
