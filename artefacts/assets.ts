/** Where the files lie that Everbroker brings along, run from its sources (tsx) as well as built and installed (dist). */
import { fileURLToPath } from 'node:url';

const isSource = import.meta.url.endsWith('.ts');
/** What is made by the build lies in dist in both cases; run from dist, that is the root. */
const made = isSource ? '../dist/' : '../';

const ASSETS = {
  /** The directory of the agent's parts; `agentText` joins them. */
  agent: '../agent/parts',
  'machine.sh': '../agent/machine.sh',
  /** The directory of the topologies that the worker knows by name. */
  topologies: '../topologies',
  /** Says Everbroker's own version. */
  'package.json': `${isSource ? '../' : '../../'}package.json`,
  /** The same of the scenarios of drills. */
  scenarios: '../scenarios',
  /** The JMS probe, run on hosts with the node's own ActiveMQ jars. */
  'probe.jar': `${made}probe/everbroker-probe.jar`,
  /** The workflows' code, bundled beforehand because bundling costs a second at each start of a worker. */
  'workflow-bundle': `${made}workflow-bundle.js`,
} as const;

export type Asset = keyof typeof ASSETS;

/** Absolute path of an asset. Whether it exists is the build's business: `npm run build` makes what is made. */
export const assetPath = (asset: Asset): string => fileURLToPath(new URL(ASSETS[asset], import.meta.url));
