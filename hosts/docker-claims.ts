/**
 * Claims: one writer per cluster and engine, also when the writers' Temporal servers know nothing of each other. A claim is
 * a container that is never started: its unique name makes creating it atomic, and its id makes renewing it safe.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EverbrokerError } from '../core/failure.js';
import { archiveOf } from './archive.js';
import { call, hasStatus, orNull, type CallOptions, type DockerClient } from './docker-client.js';
import { onlyFile } from './docker-volume-files.js';
import type { Labels } from './labels.js';

export interface Claim {
  id: string;
  labels: Labels;
  /** What the holder wrote last: who, since when, last sign of life. */
  content: string;
}

export interface ClaimSpec {
  name: string;
  /** Any image that the engine has: nothing of it ever runs. */
  image: string;
  labels: Labels;
  content: string;
}

export type ClaimOutcome = { taken: false; id: string } | { taken: true; existing: Claim };

export interface DockerClaims {
  /** Takes the name or tells who has it, whoever that is: the caller's earlier attempt too. */
  createClaim(spec: ClaimSpec, options?: CallOptions): Promise<ClaimOutcome>;
  /** @throws EverbrokerError OwnershipLost when that very claim is gone, whoever may hold the name now. */
  renewClaim(id: string, content: string, options?: CallOptions): Promise<void>;
  /** Who has it: the engine starts itself anew to read a file out of a container (50 ms of a core), and this needs none. */
  findClaim(name: string, options?: CallOptions): Promise<Omit<Claim, 'content'> | null>;
  readClaim(name: string, options?: CallOptions): Promise<Claim | null>;
  /** Does nothing where it is already gone. */
  removeClaim(id: string, options?: CallOptions): Promise<void>;
}

const CLAIM_FILE = '/everbroker-claim';
/** Tells our own creation, whose answer was lost, from another's. */
const LABEL_NONCE = 'everbroker.claim-nonce';
/** The first content, so that a claim is never seen without one. */
const LABEL_CONTENT = 'everbroker.claim-content';
/** How often a name that is freed and taken again in between is tried. */
const ATTEMPTS = 50;
const PAUSE_MS = 100;

export function dockerClaims(client: DockerClient): DockerClaims {
  const { docker } = client;

  async function findClaim(name: string, options: CallOptions = {}): Promise<Omit<Claim, 'content'> | null> {
    const found = await orNull(
      call(client, { what: `inspect the claim ${name}`, ...options }, (abortSignal) =>
        docker.getContainer(name).inspect({ abortSignal }),
      ),
    );
    if (!found || found.Name !== `/${name}`) return null;
    return { id: found.Id, labels: found.Config.Labels ?? {} };
  }

  async function readClaim(name: string, options: CallOptions = {}): Promise<Claim | null> {
    const found = await findClaim(name, options);
    if (found === null) return null;
    const renewed = await orNull(
      call(client, { what: `read the claim ${name}`, ...options }, async (abortSignal) =>
        onlyFile(await docker.getContainer(found.id).getArchive({ path: CLAIM_FILE, abortSignal })),
      ),
    );
    return { ...found, content: renewed?.toString('utf8') ?? found.labels[LABEL_CONTENT] ?? '' };
  }

  async function tryCreate(spec: ClaimSpec, nonce: string, options: CallOptions): Promise<ClaimOutcome | null> {
    const labels = { ...spec.labels, [LABEL_NONCE]: nonce, [LABEL_CONTENT]: spec.content };
    try {
      const made = await call(client, { what: `create the claim ${spec.name}`, ...options }, (abortSignal) =>
        docker.createContainer({
          name: spec.name,
          Image: spec.image,
          Entrypoint: [],
          Cmd: ['true'],
          Labels: labels,
          HostConfig: { NetworkMode: 'none' },
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
    findClaim,
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
    async renewClaim(id, content, options = {}) {
      const archive = await archiveOf([{ path: CLAIM_FILE, content, mode: 0o600 }]);
      const written = await orNull(
        call(client, { what: `renew the claim ${id.slice(0, 12)}`, ...options }, async (abortSignal) => {
          await docker.getContainer(id).putArchive(archive, { path: '/', abortSignal });
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
