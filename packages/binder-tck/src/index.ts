/** The conformance kit: a package of a binder describes itself as a `Subject` and runs the cases against it. */
export { certify, type CertifyOptions } from './runner.js';
export { command } from './command.js';
export { cases } from './cases/index.js';
export type { Case, CaseResult, Need } from './case.js';
export type {
  Broker,
  Conflict,
  ConnectionSettings,
  DeadLetterHeaders,
  Probe,
  RawPublication,
  RawRecord,
  Subject,
  Tap,
  Weakness,
} from './subject.js';
