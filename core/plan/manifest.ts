/** The manifest: the deployed topology as it lies on every host of the cluster. */
import { z } from 'zod';
import { parseTopology } from '../topology/parse.js';
import type { ParseResult } from '../topology/problem.js';
import type { Topology } from '../topology/topology.js';

const manifest = z.object({ manifest: z.literal(1), topology: z.unknown() });

/** A sed script that prints the cluster's name from the text below: it is the only key of that name two blanks deep. */
export const MANIFEST_NAME = String.raw`s/^  "name": "\([a-z0-9-]*\)",*$/\1/p`;

export const manifestText = (topology: Topology): string => `${JSON.stringify({ manifest: 1, topology }, null, 1)}\n`;

export function topologyFromManifest(text: string): ParseResult {
  const parsed = manifest.safeParse(parseJson(text));
  if (parsed.success) return parseTopology(parsed.data.topology);
  const message = 'the manifest on the host cannot be read; give the topology instead';
  return { ok: false, type: 'InvalidInput', problems: [{ path: 'manifest', message, code: 'manifest' }] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
