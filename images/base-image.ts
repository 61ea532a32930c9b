/** The base image of hosts: Debian 12 as small as it comes, without Java, so that installing it is a real step. */
import { createHash } from 'node:crypto';
import { EverbrokerError } from '../core/failure.js';
import type { DockerClient } from '../hosts/docker-client.js';
import { commitWith, imageLabel, pull } from './build-container.js';
import { debootstrap } from './debootstrap.js';
import { CODENAME, sourcesList } from './debian-sources.js';
import { machineApt, type MachineApt } from './machine-apt.js';

export const BASE_IMAGE = `everbroker/debian:${CODENAME}`;
/** Carried by every image made here: the hash of what it was made from. */
export const RECIPE_LABEL = 'everbroker.image';

const OFFICIAL_IMAGE = 'debian:12-slim';
/** A registry that is in reach says something within this; one that is not would hold up every first start. */
const PULL_SILENCE_MS = 10_000;

/** What hosts need beyond a shell: the agent's tools. Debian's smallest variant has them all; made sure of here. */
const TOOLS = ['setpriv', 'flock', 'tar', 'gzip', 'sha256sum'];
/** Lists and packages of apt are made anew by whoever installs something; they would travel with every image. */
export const CLEAN_APT =
  'apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt';
const FINISH = `set -e
for tool in ${TOOLS.join(' ')}; do command -v "$tool" >/dev/null || { echo "missing in the image: $tool" >&2; exit 1; }; done
${CLEAN_APT}`;

const RECIPE = createHash('sha256').update([OFFICIAL_IMAGE, FINISH, '1'].join('\n')).digest('hex').slice(0, 16);

export interface EnsureImageOptions {
  engine: DockerClient;
  log: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** Whether the engine has the base image of this very recipe. */
export const hasBaseImage = async (engine: DockerClient): Promise<boolean> =>
  (await imageLabel(engine, BASE_IMAGE, RECIPE_LABEL)) === RECIPE;

/**
 * The base image's tag; made when the engine does not have it: from the official image, else by debootstrap.
 * @throws EverbrokerError ArtefactUnavailable with what was tried, when neither works here
 */
export async function ensureBaseImage(options: EnsureImageOptions): Promise<string> {
  const { engine, log, signal } = options;
  if (await hasBaseImage(engine)) return BASE_IMAGE;
  const apt = await machineApt();
  const pullProblem = await pull(engine, { image: OFFICIAL_IMAGE, silenceMs: PULL_SILENCE_MS, signal }).then(
    () => undefined,
    (error: unknown) => {
      signal?.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    },
  );
  if (pullProblem === undefined) {
    log(`made from ${OFFICIAL_IMAGE}`);
    await commitWith(options, {
      from: OFFICIAL_IMAGE,
      to: BASE_IMAGE,
      script: finishOfficial(apt),
      labels: recipeLabel,
    });
    return BASE_IMAGE;
  }
  log(`no registry in reach (${pullProblem.split('\n')[0]}); debootstrap from ${apt.mirrors.main}`);
  try {
    await debootstrap({ ...options, image: BASE_IMAGE, apt, finish: FINISH, labels: recipeLabel });
  } catch (error) {
    if (!(error instanceof EverbrokerError) || error.type !== 'ArtefactUnavailable') throw error;
    const message = `${BASE_IMAGE} cannot be made: pulling ${OFFICIAL_IMAGE}: ${pullProblem}; ${error.message}`;
    throw new EverbrokerError('ArtefactUnavailable', message, error.details, { cause: error });
  }
  return BASE_IMAGE;
}

const recipeLabel = { [RECIPE_LABEL]: RECIPE };

/** The official image has no certificates, so a mirror that is reached by https only stays unused there. */
function finishOfficial(apt: MachineApt): string {
  if (!apt.mirrors.main.startsWith('http://') || !apt.mirrors.security.startsWith('http://')) return FINISH;
  const write = (path: string, text: string): string => `printf '%s' '${text.replaceAll("'", '')}' > ${path}`;
  return [
    'rm -f /etc/apt/sources.list.d/debian.sources',
    write('/etc/apt/sources.list', sourcesList(apt.mirrors)),
    ...(apt.conf === '' ? [] : [write('/etc/apt/apt.conf.d/90everbroker', apt.conf)]),
    FINISH,
  ].join('\n');
}
