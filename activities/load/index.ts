/** The load of a drill, from its start until nothing is left of it. */
export { clearLoad } from './clear-load.js';
export { collectLedger } from './collect-ledger.js';
export { drainLoad } from './drain-load.js';
export { readLoad, startLoad, stopProducers } from './load.js';
