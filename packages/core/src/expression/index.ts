export { Expression, parseExpression } from './expression.js';
export { hashOf } from './values.js';
