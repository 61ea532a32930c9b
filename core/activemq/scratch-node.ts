/** A broker that serves nobody: started once, to write the class-data archive. Its configuration is a node's own. */
import { nodeBase } from '../layout.js';
import type { ClusterSecrets } from '../secrets.js';
import type { Topology } from '../topology/schema.js';
import { nodeNamed } from '../topology/topology.js';
import type { Distribution } from './distribution.js';
import { renderCredentials, renderNode, type RenderedFile } from './render.js';

const NAME = 'class-data-scratch';
/** Ports that a topology's nodes can have as well; the broker then fails to start and no archive is made, no harm done. */
const PORTS = { openwire: 29616, console: 28161 };

export interface ScratchNode {
  base: string;
  argsFile: string;
  files: RenderedFile[];
}

export function scratchNode(topology: Topology, distribution: Distribution, secrets: ClusterSecrets): ScratchNode {
  const host = Object.keys(topology.hosts)[0] ?? '';
  const base = nodeBase(topology, NAME);
  const alone: Topology = {
    ...topology,
    bridges: [],
    // it has no certificate, and needs none
    security: { ...topology.security, tls: false },
    groups: {
      [NAME]: {
        store: { kind: 'kahadb', directory: `${base}/data/kahadb`, lockPollMs: 250, lockKeepAliveMs: 1000 },
        nodes: { [NAME]: { host, ...PORTS } },
      },
    },
  };
  const node = nodeNamed(alone, NAME);
  const files = renderNode(alone, node, distribution)
    .filter((file) => file.path.startsWith(`${base}/`))
    .map((file) => ({ ...file, content: withoutArchive(file.content) }));
  return { base, argsFile: `${base}/conf/java.args`, files: [...files, renderCredentials(alone, node, secrets)] };
}

/** A JVM that writes an archive must not be told to read one that is not there yet: it would write none. */
const withoutArchive = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('-XX:SharedArchiveFile=') && line !== '-Xshare:auto')
    .join('\n');
