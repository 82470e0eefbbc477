export type {
  Binder,
  BinderContext,
  BinderFactory,
  BinderHealth,
  Capabilities,
  ConsumerBinding,
  ConsumerPolicy,
  ConsumerSink,
  ConsumerSource,
  Delivery,
  DrainReport,
  FlushReport,
  HeaderValue,
  Later,
  ProducerBinding,
  ProducerTarget,
  Provision,
  Settlement,
  WireRecord,
} from './spi.js';
export { Intake, type IntakeOptions } from './kit/intake.js';
export type { Settler } from './kit/settler.js';
