/** What the command runs and prints. */
export { faults, type Fault, type Step } from './faults.js';
export { play, type Listener, type Outcome } from './play.js';
export { subjects } from './subjects/index.js';
