import { engineOf, placedNodes } from '../draft.js';
import type { Draft, PlacedNode } from '../draft.js';
import { claimedTwice } from './rule.js';
import type { Claim, Rule, RuleFinding } from './rule.js';

interface PortClaim extends Claim {
  port: number;
  node: PlacedNode;
}

const PUBLISHED = ['openwire', 'console'] as const;
const ALL = [...PUBLISHED, 'replication'] as const;

function portsOf(
  draft: Draft,
  kinds: readonly (typeof ALL)[number][],
  key: (node: PlacedNode) => string | undefined,
): PortClaim[] {
  return placedNodes(draft).flatMap((node) => {
    const place = key(node);
    if (place === undefined) return [];
    return kinds.flatMap((kind) => {
      const port = node.spec[kind];
      if (port === undefined) return [];
      return [{ key: `${place} ${port}`, at: [...node.at, kind], by: `${node.name} (${kind})`, port, node }];
    });
  });
}

/** A container has ports of its own; hosts over SSH are the same machine when their address is the same. */
const machineOf = ({ spec, host }: PlacedNode): string => (host?.kind === 'ssh' ? host.address : `host ${spec.host}`);

const onHost: Rule = {
  id: 'port-twice',
  severity: 'error',
  says: 'A port is used once on a host, for openwire, the console or replication, in whichever group.',
  check: (draft) =>
    claimedTwice(portsOf(draft, ALL, machineOf), ({ key }, { by }) => {
      const port = key.split(' ').at(-1) ?? '';
      return `port ${port} is taken on the same host by ${by}`;
    }),
};

const published: Rule = {
  id: 'published-port-twice',
  severity: 'error',
  says: 'A port is published once on an engine and address; `0.0.0.0` counts as every address.',
  check: (draft) => {
    const claims = portsOf(draft, PUBLISHED, ({ host }) =>
      host?.kind === 'docker' && host.publish !== false ? engineOf(host) : undefined,
    );
    return claims.flatMap((claim, index): RuleFinding[] => {
      const earlier = claims.slice(0, index).find((other) => other.key === claim.key && clash(other.node, claim.node));
      if (earlier === undefined) return [];
      const message = `port ${claim.port} is published already for ${earlier.by} of host ${earlier.node.spec.host}`;
      return [{ at: claim.at, message, suggestion: 'choose another port, or `publish: false` for one of the hosts' }];
    });
  },
};

/** Two nodes of one host clash in the host already, which the rule above says. */
function clash(a: PlacedNode, b: PlacedNode): boolean {
  if (a.host?.kind !== 'docker' || b.host?.kind !== 'docker' || a.spec.host === b.spec.host) return false;
  const addresses = [a.host.publish, b.host.publish];
  return addresses[0] === addresses[1] || addresses.includes('0.0.0.0');
}

/** Linux's default, net.ipv4.ip_local_port_range; of what a host has set, a topology says nothing. */
const EPHEMERAL = { from: 32_768, to: 60_999 };

/**
 * A port that an outgoing connection of the host holds just then cannot be listened on, and the broker does not start.
 * Measured: one of some hundred starts in tests whose ports lay in that range.
 */
const ephemeral: Rule = {
  id: 'ephemeral-port',
  severity: 'warning',
  says: `A node listens on no port of ${EPHEMERAL.from} to ${EPHEMERAL.to}, from which Linux takes those of outgoing connections.`,
  check: (draft) =>
    portsOf(draft, ALL, machineOf)
      .filter(({ port }) => port >= EPHEMERAL.from && port <= EPHEMERAL.to)
      .map(({ at, port }) => ({
        at,
        message: `port ${port} may be that of an outgoing connection when the node starts: Linux takes those from ${EPHEMERAL.from} to ${EPHEMERAL.to}`,
        suggestion: `a port below ${EPHEMERAL.from} or above ${EPHEMERAL.to}, or one that the host reserves (net.ipv4.ip_local_reserved_ports)`,
      })),
};

export const portRules: readonly Rule[] = [onHost, published, ephemeral];
