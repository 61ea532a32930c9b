import { didYouMean } from '../closest.js';
import { placedBridges } from '../draft.js';
import type { Draft, Placed } from '../draft.js';
import { tlsOf } from '../../tls.js';
import { waysOf } from '../graph.js';
import type { BridgeSpec } from '../schema.js';
import { claimedTwice, isUnknown } from './rule.js';
import type { Rule, RuleFinding } from './rule.js';

const eachBridge =
  (check: (bridge: Placed<BridgeSpec>, draft: Draft) => RuleFinding[]) =>
  (draft: Draft): RuleFinding[] =>
    placedBridges(draft).flatMap((bridge) => check(bridge, draft));

const knownGroups: Rule = {
  id: 'bridge-to-nowhere',
  severity: 'error',
  says: 'A bridge joins groups of the topology.',
  check: eachBridge(({ at, spec }, { declared }) =>
    (['from', 'to'] as const).flatMap((end) =>
      isUnknown(spec[end], declared.groups)
        ? [{ at: [...at, end], message: `there is no group ${spec[end]}`, ...didYouMean(spec[end], declared.groups) }]
        : [],
    ),
  ),
};

const toItself: Rule = {
  id: 'bridge-to-itself',
  severity: 'error',
  says: 'A bridge joins two different groups.',
  check: eachBridge(({ at, spec }) =>
    spec.from === spec.to ? [{ at: [...at, 'to'], message: `${spec.to} cannot be bridged to itself` }] : [],
  ),
};

const names: Rule = {
  id: 'bridge-name-twice',
  severity: 'error',
  says: 'Names of bridges are unique.',
  check: (draft) =>
    claimedTwice(
      placedBridges(draft).map(({ name, at }) => ({ key: name, at: [...at, 'name'], by: name })),
      ({ key }) => `there is a bridge ${key} already`,
    ),
};

const once: Rule = {
  id: 'bridge-twice',
  severity: 'error',
  says: 'Two groups are joined once in each direction; a duplex bridge counts for both. Messages would go in circles.',
  check: (draft) =>
    placedBridges(draft).flatMap(({ at, spec }, index, all) => {
      const earlier = all.slice(0, index).find((other) => carriesAgain(other.spec, spec));
      if (earlier === undefined) return [];
      const message = `messages from ${spec.from} to ${spec.to} are carried by bridge ${earlier.name} already`;
      const suggestion =
        earlier.spec.from === spec.from ? 'remove one of them' : 'remove one of them, or make both `duplex: false`';
      return [{ at, message, suggestion }];
    }),
};

function carriesAgain(earlier: BridgeSpec, later: BridgeSpec): boolean {
  if (earlier.from === later.from && earlier.to === later.to) return true;
  return earlier.from === later.to && earlier.to === later.from && (earlier.duplex || later.duplex);
}

const slow: Rule = {
  id: 'bridge-slow',
  severity: 'warning',
  says: "A bridge has `backOff: default`: ActiveMQ's delay doubles up to 30 s while the other group is away.",
  check: eachBridge(({ at, spec }) =>
    spec.backOff === 'default'
      ? [
          {
            at: [...at, 'backOff'],
            message: 'after a longer outage the bridge is back only after 30 s or more',
            suggestion: 'bounded tries every second',
          },
        ]
      : [],
  ),
};

const stranded: Rule = {
  id: 'messages-stranded',
  severity: 'warning',
  says: '`strandedMessages: keep` with bridges.',
  check: ({ topology }) =>
    topology.strandedMessages === 'keep' && topology.bridges.length > 0
      ? [
          {
            at: ['strandedMessages'],
            message:
              'messages that crossed a bridge stay there when their consumers leave, and consumers on the other side do not get them',
            suggestion: 'replay brings them back',
          },
        ]
      : [],
};

const apart: Rule = {
  id: 'groups-apart',
  severity: 'warning',
  says: 'Bridges leave a group from which, or to which, no messages come: over no bridge, or only the other way.',
  check: ({ topology, declared }) => {
    const groups = Object.keys(topology.groups);
    const isWhole = topology.bridges.every(({ from, to }) => groups.includes(from) && groups.includes(to));
    if (topology.bridges.length === 0 || !isWhole || groups.length < declared.groups.length) return [];
    const ways = new Set(waysOf(topology).map(({ from, to }) => `${from} ${to}`));
    return groups.flatMap((from) => {
      const others = groups.filter((to) => to !== from && !ways.has(`${from} ${to}`));
      if (others.length === 0) return [];
      const message = `messages from ${from} do not reach ${others.join(', ')}`;
      return [{ at: ['groups', from], message, suggestion: 'if they are meant to, add a bridge or make one duplex' }];
    });
  },
};

const open: Rule = {
  id: 'multicast-open',
  severity: 'warning',
  says: 'Discovery by multicast without TLS: announcements are not authenticated.',
  check: eachBridge(({ at, spec }, { topology }) =>
    spec.discovery === 'multicast' && tlsOf(topology) === null
      ? [
          {
            at: [...at, 'discovery'],
            message: `whoever is on the network can announce a broker of its own as ${spec.to}, and gets the bridge's login and messages`,
            suggestion: 'use masterslave, `security.tls`, or a network that nobody else is on',
          },
        ]
      : [],
  ),
};

export const bridgeRules: readonly Rule[] = [knownGroups, toItself, names, once, slow, stranded, apart, open];
