/**
 * A cluster that exists only as observations (simulated-hosts.ts), with what surrounds it: the claim, the volumes, and a
 * record of everything that was called. Tests break it by name: a name is a step's id (`startNode/n2`) or an activity,
 * with its host where it has one (`observeHost/h1`).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { EverbrokerError, type FailureType } from '../../core/failure.js';
import type { BridgeReading } from '../../core/health/jolokia-reading.js';
import { unknownNode, type HostObservation, type NodeObservation } from '../../core/health/observation.js';
import type { NodeReading } from '../../core/health/roles.js';
import { stateVolume, storeVolume } from '../../core/naming.js';
import type { Step } from '../../core/plan/step.js';
import { groupsOnHost, nodesOnHost, type Topology } from '../../core/topology/topology.js';
import { FakeDrills } from './fake-drills.js';
import { aBareMachine, aDesired, applyStep, noHosts, stop, type Hosts } from './simulated-hosts.js';

/** A lease that a test can wait for; the keeper renews five times as often. */
export const LEASE_MS = 400;
const STEP_MS = 2;

export interface Claim {
  token: string;
  by: string;
  renewals: number;
}

interface Hanging {
  /** Resolved when the call has come. */
  started: Promise<void>;
  /** Lets it go on. */
  go(): void;
}

interface Block {
  beats: boolean;
  arrive(): void;
  gate: Promise<void>;
}

export class FakeCluster {
  readonly topology: Topology;
  readonly drills = new FakeDrills();
  hosts: Hosts;
  volumes = new Set<string>();
  /** Machines that keep the stores and the state of a cluster that was removed. */
  machineData = new Set<string>();
  /** The claim on the engine, and the owner token that the hosts' guards compare; a release leaves the latter. */
  claim: Claim | null = null;
  owner: string | null = null;
  /** Whose configuration is wanted; another value makes every node's files differ. */
  version = 'v1';
  /** What a host sees of the lock that the first host of the group holds. */
  lockSeen: 'busy' | 'taken' | 'absent' = 'busy';
  /** What `proveMessages` finds lost. */
  lostMessages: string[] = [];
  /** The keeper is between two attempts instead of at work: a time-skipping server skips nothing while an activity works. */
  keeperRests = false;
  /** What activities take for the time, ms since the epoch. */
  clock: () => number = Date.now;
  /** Names of calls in the order in which they began. */
  readonly began: string[] = [];
  /** `name began`, `name ended` and `name failed` of all calls, in the order in which it happened. */
  readonly order: string[] = [];
  /** Tokens that took the claim, in order. */
  readonly holds: string[] = [];
  /** Steps that ran while one of another owner did: two writers at once. */
  readonly overlaps: string[] = [];
  private readonly running = new Map<string, string>();
  private readonly failures = new Map<string, unknown[]>();
  private readonly blocks = new Map<string, Block>();

  constructor(topology: Topology) {
    this.topology = topology;
    this.hosts = noHosts(topology);
  }

  /** The next calls of that name fail, once for each error. */
  fail(name: string, ...errors: unknown[]): void {
    this.failures.set(name, [...(this.failures.get(name) ?? []), ...errors]);
  }

  /** The next call of that name waits; its cancellation ends it. With `beats` it shows all the time that it is alive. */
  hang(name: string, { beats = false } = {}): Hanging {
    let arrive = (): void => undefined;
    let go = (): void => undefined;
    const started = new Promise<void>((resolve) => (arrive = resolve));
    const gate = new Promise<void>((resolve) => (go = resolve));
    this.blocks.set(name, { beats, arrive, gate });
    return { started, go };
  }

  /** Forgets what was called until now. */
  forget(): void {
    this.began.length = 0;
    this.order.length = 0;
  }

  /** Waits until something has happened, as `order` words it. */
  async until(happened: string): Promise<void> {
    for (const deadline = Date.now() + 20_000; !this.order.includes(happened); await delay(5))
      if (Date.now() > deadline) throw new Error(`${happened}: never happened; ${this.order.join(', ')}`);
  }

  /** Calls whose name begins so, in the order in which they began. */
  calls(prefix = ''): string[] {
    return this.began.filter((name) => name.startsWith(prefix));
  }

  /** Calls that change a cluster: steps, not looks, claims and proofs. */
  steps(): string[] {
    return this.began.filter(
      (name) => name.includes('/') && !/^(observeHost|readNodes|diffFiles|probeLock)/.test(name),
    );
  }

  /** Records one call around its effect, with what the test has laid in its way. */
  async call<T>(name: string, signal: AbortSignal, effect: () => T | Promise<T>): Promise<T> {
    this.began.push(name);
    this.order.push(`${name} began`);
    try {
      await this.obstacles(name, signal);
      const result = await effect();
      this.order.push(`${name} ended`);
      return result;
    } catch (error) {
      this.order.push(`${name} failed`);
      throw error;
    }
  }

  /** A changing call: refused like by the hosts' guards when another has taken the cluster over. */
  change<T>(name: string, { token, signal }: { token: string; signal: AbortSignal }, effect: () => T): Promise<T> {
    return this.call(name, signal, async () => {
      this.insistOnOwner(token);
      for (const other of new Set(this.running.values())) if (other !== token) this.overlaps.push(name);
      this.running.set(name, token);
      try {
        await this.pass(STEP_MS, signal);
        this.insistOnOwner(token);
        return effect();
      } finally {
        this.running.delete(name);
      }
    });
  }

  /** Carries a step out on the simulated hosts; tells whether it changed them. */
  apply(step: Step): boolean {
    const before = JSON.stringify(this.hosts);
    const desired = aDesired(this.topology, this.version);
    this.hosts = applyStep(this.topology, { step, desired }, this.hosts);
    return JSON.stringify(this.hosts) !== before;
  }

  /** Makes the volumes of a host that are missing, and names those that it made. */
  makeVolumes(host: string): string[] {
    const { name } = this.topology;
    const stores = groupsOnHost(this.topology, host).map((group) => storeVolume(name, group));
    const made = [stateVolume(name, host), ...stores].filter((volume) => !this.volumes.has(volume));
    for (const volume of made) this.volumes.add(volume);
    return made;
  }

  /** As an engine shows it: nothing can be seen inside a container that does not run. */
  look(host: string): HostObservation {
    const { inside, ...outside } = structuredClone(this.host(host));
    const isOpen = outside.machine !== undefined || outside.placement?.container.running === true;
    return isOpen && inside !== undefined ? { ...outside, inside } : outside;
  }

  read(host: string, group: string): NodeReading[] {
    const { inside } = this.look(host);
    return nodesOnHost(this.topology, host)
      .filter((node) => node.group === group)
      .map((node) => {
        const observation = inside?.nodes.find((seen) => seen.name === node.name) ?? unknownNode(node.name);
        return { host, observation, broker: answer(observation, group, this.bridgesOf(group)) };
      });
  }

  /** Every bridge stands: listed by the broker that dials, and by the one that was dialled when it is a duplex one. */
  private bridgesOf(group: string): BridgeReading[] {
    const reading = { remoteAddress: null, createdByDuplex: false, enqueued: 0, dequeued: 0 };
    return this.topology.bridges.flatMap(({ name, from, to, duplex }): BridgeReading[] => {
      if (from === group) return [{ ...reading, kind: 'networkConnectors', connector: name, remoteBroker: to }];
      if (to !== group || !duplex) return [];
      return [{ ...reading, kind: 'duplexNetworkConnectors', connector: '#0', remoteBroker: from }];
    });
  }

  stopContainer(host: string): void {
    const seen = this.host(host);
    for (const node of seen.inside?.nodes ?? []) Object.assign(node, structuredClone(stopped(node)));
    if (seen.placement) seen.placement.container.running = false;
  }

  removeContainer(host: string): boolean {
    const { placement } = this.host(host);
    if (!placement?.container.exists) return false;
    this.stopContainer(host);
    placement.container = { exists: false, running: false, ours: false };
    return true;
  }

  /** As `clearHost` leaves a machine: its data stays, with the version of the secrets. */
  clearMachine(host: string): boolean {
    const { machine, inside } = this.host(host);
    if (machine?.installed !== true) return false;
    this.hosts[host] = aBareMachine(this.topology, host, { secretsVersion: inside?.secretsVersion ?? 0 });
    this.machineData.add(host);
    return true;
  }

  removeNetwork(): boolean {
    const placements = Object.values(this.hosts).flatMap(({ placement }) => placement ?? []);
    const existed = placements.some(({ network }) => network.exists);
    for (const placement of placements) placement.network = { exists: false, ours: false };
    return existed;
  }

  node(name: string): NodeObservation | undefined {
    return Object.keys(this.hosts)
      .flatMap((host) => this.look(host).inside?.nodes ?? [])
      .find((node) => node.name === name);
  }

  private host(name: string): HostObservation {
    const seen = this.hosts[name];
    if (seen === undefined) throw new Error(`no host ${name}`);
    return seen;
  }

  private insistOnOwner(token: string): void {
    if (this.owner !== token) throw new EverbrokerError('OwnershipLost', 'the host belongs to another operation');
  }

  private async obstacles(name: string, signal: AbortSignal): Promise<void> {
    const block = this.blocks.get(name);
    if (block !== undefined) {
      this.blocks.delete(name);
      block.arrive();
      const beating = block.beats ? setInterval(() => heartbeat(), 20) : undefined;
      await Promise.race([block.gate, cancelled(signal)]).finally(() => clearInterval(beating));
    }
    const error = this.failures.get(name)?.shift();
    if (error !== undefined) throw error;
  }

  private async pass(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.race([delay(ms), cancelled(signal)]);
  }
}

/** A fault that trying again does not mend, of a type whose hint the message ends with. */
export const fault = (message: string, type: FailureType = 'PortTaken'): EverbrokerError =>
  new EverbrokerError(type, message);

const cancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

function stopped(node: NodeObservation): NodeObservation {
  // The agent starts what is meant to be up, so a container that comes back brings its nodes; here they stay down.
  const copy = structuredClone(node);
  stop(copy);
  return copy;
}

function answer(seen: NodeObservation, group: string, bridges: BridgeReading[]): NodeReading['broker'] {
  if (seen.listening.length === 0) return { state: 'refused', detail: 'the port is closed' };
  return {
    state: 'answered',
    broker: {
      brokerName: group,
      version: '5.18.3',
      isSlave: false,
      uptimeMs: 1000,
      status: 'Good',
      storePercentUsage: 0,
      connectors: {},
      bridges,
    },
  };
}
