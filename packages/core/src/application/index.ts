export { runApplication, type RunOptions } from './run.js';
export { Application, type ApplicationHealth } from './application.js';
export type { BindOptions, BindInputOptions, BindOutputOptions } from './dynamic-bindings.js';
export type { ShutdownReceipt } from './shutdown.js';
export type { Module, ModuleHost, RunningModule } from './module.js';
export { inspectConfiguration, type InspectOptions, type Inspection } from './inspect.js';
export type { InspectedBinding } from './inspect-bindings.js';
export { keyGroups } from './keys.js';
