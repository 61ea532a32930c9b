/**
 * Claims: one writer per cluster and engine, also when the writers' Temporal servers know nothing of each other. A claim is
 * a container that is never started: its unique name makes creating it atomic, and its id makes renewing it safe.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EverbrokerError } from '../core/failure.js';
import { call, hasStatus, orNull, type CallOptions, type DockerClient } from './docker-client.js';
import type { Labels } from './labels.js';

export interface Claim {
  id: string;
  labels: Labels;
  /** The holder's last sign of life, as it gave it. */
  renewedAt: number;
}

export interface ClaimSpec {
  name: string;
  /** Any image that the engine has: nothing of it ever runs. */
  image: string;
  labels: Labels;
  renewedAt: number;
}

export type ClaimOutcome = { taken: false; id: string } | { taken: true; existing: Claim };

export interface DockerClaims {
  /** Takes the name or tells who has it, whoever that is: the caller's earlier attempt too. */
  createClaim(spec: ClaimSpec, options?: CallOptions): Promise<ClaimOutcome>;
  /** @throws EverbrokerError OwnershipLost when that very claim is gone, whoever may hold the name now. */
  renewClaim(id: string, renewedAt: number, options?: CallOptions): Promise<void>;
  readClaim(name: string, options?: CallOptions): Promise<Claim | null>;
  /** Does nothing where it is already gone. */
  removeClaim(id: string, options?: CallOptions): Promise<void>;
}

/** Tells our own creation, whose answer was lost, from another's. */
const LABEL_NONCE = 'everbroker.claim-nonce';

/**
 * The sign of life is a number that the engine keeps of a container and can change, and does nothing with as long as it was
 * never started: how often it would start it again after a failure. A file in it would cost the engine 100 ms of processor
 * time at each renewal (it starts itself anew for files; measured with Docker 20.10), this 1.
 */
const signOfLife = (renewedAt: number) => ({
  RestartPolicy: { Name: 'on-failure', MaximumRetryCount: renewedAt },
});

/** How often a name that is freed and taken again in between is tried. */
const ATTEMPTS = 50;
const PAUSE_MS = 100;

export function dockerClaims(client: DockerClient): DockerClaims {
  const { docker } = client;

  async function readClaim(name: string, options: CallOptions = {}): Promise<Claim | null> {
    const found = await orNull(
      call(client, { what: `inspect the claim ${name}`, ...options }, (abortSignal) =>
        docker.getContainer(name).inspect({ abortSignal }),
      ),
    );
    if (!found || found.Name !== `/${name}`) return null;
    const renewedAt = found.HostConfig.RestartPolicy?.MaximumRetryCount ?? 0;
    return { id: found.Id, labels: found.Config.Labels ?? {}, renewedAt };
  }

  async function tryCreate(spec: ClaimSpec, nonce: string, options: CallOptions): Promise<ClaimOutcome | null> {
    try {
      const made = await call(client, { what: `create the claim ${spec.name}`, ...options }, (abortSignal) =>
        docker.createContainer({
          name: spec.name,
          Image: spec.image,
          Entrypoint: [],
          Cmd: ['true'],
          Labels: { ...spec.labels, [LABEL_NONCE]: nonce },
          HostConfig: { NetworkMode: 'none', ...signOfLife(spec.renewedAt) },
          abortSignal,
        }),
      );
      return { taken: false, id: made.id };
    } catch (error) {
      options.signal?.throwIfAborted();
      const existing = await readClaim(spec.name, options);
      if (existing?.labels[LABEL_NONCE] === nonce) return { taken: false, id: existing.id };
      if (existing) return { taken: true, existing };
      if (hasStatus(error, 409)) return null;
      throw error;
    }
  }

  return {
    readClaim,
    async createClaim(spec, options = {}) {
      const nonce = randomUUID();
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const outcome = await tryCreate(spec, nonce, options);
        if (outcome) return outcome;
        // The engine reserves a name before it shows the container: another is just making this claim.
        await delay(PAUSE_MS, undefined, { signal: options.signal });
      }
      throw new EverbrokerError('NameTaken', `the claim ${spec.name} is taken and freed all the time`, {});
    },
    async renewClaim(id, renewedAt, options = {}) {
      const written = await orNull(
        call(client, { what: `renew the claim ${id.slice(0, 12)}`, ...options }, async (abortSignal) => {
          await docker.getContainer(id).update({ ...signOfLife(renewedAt), abortSignal });
          return true;
        }),
      );
      if (!written)
        throw new EverbrokerError('OwnershipLost', 'the claim on the cluster was taken away', { claim: id });
    },
    async removeClaim(id, options = {}) {
      await orNull(
        call(client, { what: `remove the claim ${id.slice(0, 12)}`, ...options }, (abortSignal) =>
          docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
        ),
      );
    },
  };
}
