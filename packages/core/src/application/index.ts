export { runApplication, type RunOptions } from './run.js';
export { Application, type ApplicationHealth } from './application.js';
export type { ShutdownReceipt } from './shutdown.js';
export type { Module, ModuleHost, RunningModule } from './module.js';
