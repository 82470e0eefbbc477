/** Keys of Spring Boot that core itself reads. */
import { schema } from '../schema/index.js';

export interface MainProperties {
  readonly bannerMode: 'console' | 'log' | 'off';
}

/** `spring.main` */
export const MAIN = schema<MainProperties>({
  bannerMode: { type: 'enum', values: ['console', 'log', 'off'], default: 'console', doc: 'Where the banner goes.' },
});

export interface LifecycleProperties {
  readonly timeoutPerShutdownPhase: number;
}

/** `spring.lifecycle` */
export const LIFECYCLE = schema<LifecycleProperties>({
  timeoutPerShutdownPhase: { type: 'duration', default: 30_000, min: 0, doc: 'The one deadline of a stop.' },
});

export interface LoggingProperties {
  readonly level: Readonly<Record<string, string>>;
}

/** `logging` */
export const LOGGING = schema<LoggingProperties>({
  level: { type: 'map', default: {}, doc: 'Levels by room or package; root for the rest.' },
});

export interface StructuredLoggingProperties {
  readonly console?: 'ecs';
}

/** `logging.structured.format` */
export const STRUCTURED_LOGGING = schema<StructuredLoggingProperties>({
  console: { type: 'enum', values: ['ecs'], doc: 'JSON lines instead of text.' },
});
