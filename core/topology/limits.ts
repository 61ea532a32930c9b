/** Sizes beyond which a topology is refused, each with the reason for its number. */

/** A topology of 60 nodes is 10 KB; Temporal refuses inputs of more than 2 MiB. */
export const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * One workflow holds a deployment: Temporal suggests continue-as-new at 4,096 events, a step costs 6, and a node needs at
 * most 11 steps (unpack, configure, start, verify …, and their repetition after a failure): 60 × 11 × 6 = 3,960.
 */
export const MAX_NODES = 60;

/** No use for more hosts than nodes. */
export const MAX_HOSTS = 60;

/** Deepest nesting of text before it is parsed; a topology's own is 6. Deeper text costs a YAML parser minutes. */
export const MAX_DEPTH = 40;

/** YAML aliases (`*name`): enough for a network shared by every host, too few to grow a small text into a large one. */
export const MAX_ALIASES = 100;

/** A container's name is its DNS name in the network, and a DNS label ends at 63. */
export const MAX_CONTAINER_NAME = 63;

/** More problems than this say that the file is no topology. */
export const MAX_PROBLEMS = 500;
