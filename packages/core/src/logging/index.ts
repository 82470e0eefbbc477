export { Logging, type Logger, type LogLevel, type LoggingOptions } from './logging.js';
