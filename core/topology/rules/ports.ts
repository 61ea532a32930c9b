import { engineOf, placedNodes } from '../draft.js';
import type { Draft, PlacedNode } from '../draft.js';
import { claimedTwice } from './rule.js';
import type { Claim, Rule, RuleFinding } from './rule.js';

interface PortClaim extends Claim {
  port: number;
  node: PlacedNode;
}

function portsOf(draft: Draft, key: (node: PlacedNode) => string | undefined): PortClaim[] {
  return placedNodes(draft).flatMap((node) => {
    const place = key(node);
    if (place === undefined) return [];
    return (['openwire', 'console'] as const).map((kind) => ({
      key: `${place} ${node.spec[kind]}`,
      at: [...node.at, kind],
      by: `${node.name} (${kind})`,
      port: node.spec[kind],
      node,
    }));
  });
}

/** A container has ports of its own; hosts over SSH are the same machine when their address is the same. */
const machineOf = ({ spec, host }: PlacedNode): string => (host?.kind === 'ssh' ? host.address : `host ${spec.host}`);

const onHost: Rule = {
  id: 'port-twice',
  severity: 'error',
  says: 'A port is used once on a host, for openwire or for the console, in whichever group.',
  check: (draft) =>
    claimedTwice(portsOf(draft, machineOf), ({ key }, { by }) => {
      const port = key.split(' ').at(-1) ?? '';
      return `port ${port} is taken on the same host by ${by}`;
    }),
};

const published: Rule = {
  id: 'published-port-twice',
  severity: 'error',
  says: 'A port is published once on an engine and address; `0.0.0.0` counts as every address.',
  check: (draft) => {
    const claims = portsOf(draft, ({ host }) =>
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

export const portRules: readonly Rule[] = [onHost, published];
