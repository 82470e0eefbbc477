/** For subjects that need helpers beside the process of a case: apart from the cases, which such a helper never loads. */
export { Remote, serve } from './remote.js';
export { remotePorts } from './sockets.js';
