export { Context } from './context.js';
export { definitionsOf, instanceDefinition, type Definition } from './definition.js';
