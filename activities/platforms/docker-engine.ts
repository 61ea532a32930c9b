/** The engine of a host, as steps that change something there need it. */
import { EverbrokerError } from '../../core/failure.js';
import { dockerHostOf } from '../../core/topology/topology.js';
import type { DockerEngine } from '../../hosts/docker-engine.js';
import type { Deps } from '../deps.js';
import type { StepInput } from '../step-input.js';
import { insistOnClaim } from './docker-lease.js';

/** TERM to the agent stops the brokers one after the other, 20 s each at most; then the engine kills. */
export const STOP_SECONDS = 30;

export async function insistOnEngine(engine: DockerEngine, host: string, pinned: string | undefined): Promise<void> {
  const id = await engine.id();
  if (pinned === undefined || pinned === id) return;
  throw new EverbrokerError(
    'EngineChanged',
    `host ${host} belongs to Docker engine ${pinned}, but this worker reaches ${id}`,
    { host, pinned, engine: id },
  );
}

/** @throws EverbrokerError EngineChanged | OwnershipLost */
export async function ownedEngine(deps: Deps, input: Omit<StepInput, 'step'>): Promise<DockerEngine> {
  const { topology, host, token, pin } = input;
  const engine = deps.engine(dockerHostOf(topology, host).engine);
  await insistOnEngine(engine, host, pin);
  await insistOnClaim(engine, topology.name, token);
  return engine;
}
