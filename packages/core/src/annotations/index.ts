export {
  record,
  recordOf,
  recordedClasses,
  classDecorator,
  injectionDecorator,
  methodDecorator,
  decoratorsLiveAt,
  type Annotation,
  type Class,
  type ClassRecord,
} from './record.js';
