import { schema } from '@streambind/core/internal';

export interface ServerOptions {
  readonly port: number;
  readonly address?: string;
  readonly 'servlet.contextPath': string;
  readonly shutdown: 'graceful' | 'immediate';
  readonly 'error.includeMessage': 'never' | 'always';
  readonly maxRequestBodySize: number;
  readonly ssl: unknown;
}

/** The keys below `server`. */
export const SERVER = schema<ServerOptions>({
  port: { type: 'integer', default: 8080, min: 0, max: 65535, doc: 'The port; 0: any that is free.' },
  address: { type: 'string', doc: 'The address to listen at. Default: all of this machine.' },
  'servlet.contextPath': {
    type: 'string',
    default: '',
    oldNames: ['context-path'],
    doc: 'Stands before all paths.',
  },
  shutdown: {
    type: 'enum',
    values: ['graceful', 'immediate'],
    default: 'graceful',
    doc: 'Whether requests that run when the application stops may end, within the deadline of the stop.',
  },
  'error.includeMessage': {
    type: 'enum',
    values: ['never', 'always'],
    default: 'never',
    doc: 'Whether the answer to a failed request has the reason of a ResponseStatusException as its message.',
  },
  maxRequestBodySize: {
    type: 'size',
    default: 10 * 1024 * 1024,
    min: 0,
    doc: 'A body that is larger is answered with 413.',
  },
  ssl: { type: 'map', unsupported: 'the server speaks http; put a proxy before it', doc: 'Spring: https.' },
});
