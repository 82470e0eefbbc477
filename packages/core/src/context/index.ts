export { Context } from './context.js';
export { shapeOf } from './configuration-properties.js';
export { definitionsOf, instanceDefinition, type Definition } from './definition.js';
