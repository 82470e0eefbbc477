export { schema, kebab, type Schema, type Option, type OptionType } from './schema.js';
