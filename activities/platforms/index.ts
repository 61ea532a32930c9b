/** Which platform a host is on. */
import { hostOf, type Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';
import { docker } from './docker.js';
import type { Lease } from './lease.js';
import type { Platform } from './platform.js';
import { ssh } from './ssh.js';

const PLATFORMS = { docker, ssh } as const satisfies Record<string, Platform>;

export const platformOf = (topology: Topology, host: string): Platform => PLATFORMS[hostOf(topology, host).kind];

/** Hosts by platform, in the topology's order. */
export function byPlatform(topology: Topology, hosts: readonly string[]): [Platform, string[]][] {
  const found = new Map<Platform, string[]>();
  for (const host of hosts) {
    const platform = platformOf(topology, host);
    found.set(platform, [...(found.get(platform) ?? []), host]);
  }
  return [...found];
}

export const leasesOf = (deps: Deps, topology: Topology, hosts: readonly string[]): Lease[] =>
  byPlatform(topology, hosts).flatMap(([platform, names]) => platform.leases(deps, topology, names));
