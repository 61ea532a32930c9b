/** What activities need from outside; made once by the worker, replaced by fakes in tests. */
import type { Client } from '@temporalio/client';
import type { ArtefactCache } from '../artefacts/cache.js';
import type { ClusterSecrets, ConsoleLogin } from '../core/secrets.js';
import type { Topology } from '../core/topology/topology.js';
import type { DockerEngine } from '../hosts/docker-engine.js';
import type { Host } from '../hosts/host.js';
import type { Pins } from './pins.js';
import type { Records } from './records.js';

export interface Deps {
  /** The engine at an address; undefined is the worker's own. */
  engine(address?: string): DockerEngine;
  openHost(topology: Topology, host: string): Promise<Host>;
  cache: ArtefactCache;
  /** Private keys of hosts by owner token and host, in this process only; what is not here is read on the host. */
  hostKeys: Map<string, string>;
  /** Logins of consoles as they were read from hosts, in this process only; what is not here is read on the host. */
  consoleLogins: Map<string, ConsoleLogin>;
  /** Text of agent.sh, as it is put on hosts. */
  agent: string;
  /** Text of machine.sh: what a look at a machine asks beside the agent. */
  machine: string;
  /** The probe's jar. */
  probe: Buffer;
  /** Makes sure that an image is there: the base image is prepared, others are pulled. Returns its reference. */
  ensureImage(engine: DockerEngine, image: string | undefined, signal: AbortSignal): Promise<string>;
  /** Topology text by name, from the worker's own directories; null when there is none of that name. */
  readTopology(name: string): Promise<string | null>;
  knownTopologies(): Promise<string[]>;
  /** Everbroker's own version. */
  version: string;
  /** The same of the scenarios of drills. */
  readScenario(name: string): Promise<string | null>;
  knownScenarios(): Promise<string[]>;
  /** @throws EverbrokerError InputRefused when the worker may not reach what the topology names. */
  permit(topology: Topology): void;
  /** Value of a reference `env:…` or `file:…`. @throws EverbrokerError InputRefused | InvalidInput */
  resolveSecret(reference: string): Promise<string>;
  /** Text of a certificate or key by its reference `file:…`. @throws EverbrokerError InputRefused */
  resolvePem(reference: string): Promise<string>;
  /** Keeps a copy of a cluster's secrets for `everbroker credentials`. */
  cacheSecrets(topology: Topology, secrets: ClusterSecrets): Promise<void>;
  /** Removes that copy and what is remembered of the hosts, when the cluster's data is gone. */
  forgetSecrets(cluster: string): Promise<void>;
  /** Where hosts were last. */
  pins: Pins;
  /** What drills left behind. */
  records: Records;
  /** The Temporal client of the worker's own namespace, for looking at holders. */
  temporal: Client;
}
