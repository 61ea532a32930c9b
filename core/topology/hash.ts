/** The fingerprint of a topology: an operation pins it, so that everything it does is about one and the same topology. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Topology } from './schema.js';

/**
 * SHA-256, hexadecimal, of the canonical JSON.
 * Keys are sorted, so that defaults written out or left away make no difference; but the order of hosts, groups and nodes is
 * part of it: the first host keeps the master copies, and nodes start in the order of the file.
 */
export function hashTopology(topology: Topology): string {
  const order = {
    hosts: Object.keys(topology.hosts),
    groups: Object.entries(topology.groups).map(([name, group]) => [name, Object.keys(group.nodes)]),
  };
  return bytesToHex(sha256(utf8ToBytes(canonicalJson({ topology, order }))));
}

/** JSON with sorted keys and without absent values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
