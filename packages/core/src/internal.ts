/**
 * The door for packages that belong to the framework: modules, testing tools. It may change in any version.
 */
export {
  annotationsOf,
  classDecorator,
  decoratorsLiveAt,
  injectionDecorator,
  methodDecorator,
  record,
  recordOf,
  recordedClasses,
  usableType,
  type Annotation,
  type Class,
  type ClassRecord,
} from './annotations/index.js';
export type { Module, ModuleHost, RunningModule } from './application/index.js';
export { Environment, loadEnvironment } from './config/index.js';
export { instantiate, writeJson } from './converter/index.js';
export { StreambindError, asError, isStreambindError, nearest } from './errors/index.js';
export { Logging, type Logger } from './logging/index.js';
export { schema, type Option, type Schema } from './schema/index.js';
