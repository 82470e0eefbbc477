export { Meters, type Counter } from './meters.js';
