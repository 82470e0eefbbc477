export {
  STREAM,
  BINDER,
  BINDING,
  CONSUMER,
  PRODUCER,
  type BinderProperties,
  type StreamProperties,
} from './properties.js';
export { plan, chosenBinders } from './plan.js';
export { PREFIX } from './keys.js';
export type { Plan, InputPlan, OutputPlan, Partitioning } from './plan-types.js';
export { EMBEDDED, KNOWN_TYPES, selectBinder, type BinderCatalog, type DeclaredBinder } from './selection.js';
export { Binders, binderEnvironment, loadFactory, packageOf } from './binders.js';
export { InputChannel, OutputChannel } from './channels.js';
export { InputBinding, OutputBinding, type BindingControl, type BindingInfo, type BindingState } from './bindings.js';
export { BindingService } from './service.js';
export { javaHashCode, partitionOf } from './partition.js';
export { partitioner, type PartitionStrategies } from './partitioner.js';
export { PartitionKeyExtractorStrategy, PartitionSelectorStrategy } from './strategies.js';
