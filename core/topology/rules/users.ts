import { BRIDGE_USER, PROBE_USER, SYSTEM_USER } from '../../naming.js';
import { claimedTwice } from './rule.js';
import type { Rule } from './rule.js';

const OWN_USERS = [BRIDGE_USER, PROBE_USER, SYSTEM_USER];
/** Prefix of all of them, and of those to come. */
const OWN_PREFIX = 'everbroker-';

/** Users of Debian's base system: their uids are given, and `root` is what brokers must not be. */
const SYSTEM_ACCOUNTS =
  'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody'.split(' ');

const reserved: Rule = {
  id: 'user-reserved',
  severity: 'error',
  says: `Users of the console and of clients are none of Everbroker's own (\`${OWN_PREFIX}…\`).`,
  check: ({ topology: { security } }) =>
    (['console', 'client'] as const).flatMap((role) => {
      const { user } = security[role];
      if (!user.startsWith(OWN_PREFIX)) return [];
      const message = `${user} is reserved: users that begin with ${OWN_PREFIX} are Everbroker's own (${OWN_USERS.join(', ')})`;
      return [{ at: ['security', role, 'user'], message, suggestion: 'choose another name' }];
    }),
};

const distinct: Rule = {
  id: 'user-twice',
  severity: 'error',
  says: 'The console and clients have different users.',
  check: ({ topology: { security } }) =>
    claimedTwice(
      (['console', 'client'] as const).map((role) => ({
        key: security[role].user,
        at: ['security', role, 'user'],
        by: role,
      })),
      ({ key }, first) => `${key} is the user of the ${first.by} already; their rights differ`,
    ),
};

const runAs: Rule = {
  id: 'run-as-system-account',
  severity: 'error',
  says: 'Brokers run neither as root nor as another account of the system.',
  check: ({ topology }) => {
    const { user } = topology.runAs;
    if (!SYSTEM_ACCOUNTS.includes(user)) return [];
    return [{ at: ['runAs', 'user'], message: `${user} is an account of the system`, suggestion: 'activemq' }];
  },
};

const openwireLogin: Rule = {
  id: 'openwire-open',
  severity: 'warning',
  says: '`security.openwireLogin` is off.',
  check: ({ topology }) =>
    topology.security.openwireLogin
      ? []
      : [
          {
            at: ['security', 'openwireLogin'],
            message: 'anyone who reaches an openwire port can read and write every queue',
          },
        ],
};

const heap: Rule = {
  id: 'heap-order',
  severity: 'error',
  says: "The heap's initial size is not above its largest.",
  check: ({ topology }) => {
    const { initialMb, maxMb } = topology.limits.heap;
    if (initialMb <= maxMb) return [];
    return [{ at: ['limits', 'heap', 'initialMb'], message: `${initialMb} is more than maxMb, ${maxMb}` }];
  },
};

const frame: Rule = {
  id: 'frame-beyond-heap',
  severity: 'warning',
  says: 'One message of `maxFrameSizeBytes` does not fit into the heap.',
  check: ({ topology: { limits } }) => {
    if (limits.maxFrameSizeBytes < limits.heap.maxMb * 1024 * 1024) return [];
    const message = `one such message fills the whole heap of ${limits.heap.maxMb} MiB`;
    return [{ at: ['limits', 'maxFrameSizeBytes'], message }];
  },
};

export const userRules: readonly Rule[] = [runAs, heap, frame, reserved, distinct, openwireLogin];
