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
export {
  inspectConfiguration,
  keyGroups,
  type InspectOptions,
  type InspectedBinding,
  type Inspection,
  type Module,
  type ModuleHost,
  type RunningModule,
} from './application/index.js';
export {
  Environment,
  describeProblem,
  loadEnvironment,
  type KeyGroup,
  type Origin,
  type Problem,
} from './config/index.js';
export { instantiate, writeJson } from './converter/index.js';
export { StreambindError, asError, isStreambindError, nearest } from './errors/index.js';
export { Logging, type Logger } from './logging/index.js';
export { kebab, schema, type Option, type Schema } from './schema/index.js';
