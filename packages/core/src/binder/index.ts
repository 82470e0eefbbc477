export type {
  Binder,
  BinderContext,
  BinderFactory,
  BinderHealth,
  Capabilities,
  ConsumerBinding,
  ConsumerPolicy,
  GuaranteedBinding,
  Weakness,
  ConsumerSink,
  ConsumerSource,
  Delivery,
  DrainReport,
  FlushReport,
  HeaderMode,
  HeaderValue,
  Later,
  ProducerBinding,
  ProducerTarget,
  Provision,
  Settlement,
  Transactions,
  WireRecord,
} from './spi.js';
export { Fifo } from './kit/fifo.js';
export { LinkedList, type Links } from './kit/linked-list.js';
export { Intake, type IntakeOptions } from './kit/intake.js';
export type { Settler } from './kit/settler.js';
export { Supervisor, type SupervisorOptions } from './kit/supervisor.js';
export { headerFilter, type HeaderFilter, type HeaderFilterOptions } from './kit/header-filter.js';
export { gather, type GatherOptions, type Gathering, type Outcomes } from './kit/gather.js';
export { pollLoop, type PollLoopOptions } from './kit/poll-loop.js';
export { Trouble, type Reporter } from './kit/trouble.js';
