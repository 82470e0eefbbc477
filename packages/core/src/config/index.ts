export { loadEnvironment, type LoadOptions } from './load.js';
export { Environment, type Property } from './environment.js';
export { describeProblem, type Problem } from './problems.js';
export type { Origin } from './sources.js';
export { keysOf, readShape, type Shape } from './shape.js';
export { milliseconds } from './duration.js';
export type { KeyGroup } from './key-tree.js';
export { withoutCredentials } from './secrets.js';
