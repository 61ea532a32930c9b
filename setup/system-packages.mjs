// What the system lacks, and its installation from the distribution's packages in one transaction.
import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError, run } from './progress.mjs';

/** Another apt (unattended-upgrades on a fresh machine) may hold the lock for a while. */
const LOCK_SECONDS = 120;

/** The program's path, or undefined. /usr/sbin is looked at too: it is not on the PATH of every user. */
export function which(program, env = process.env) {
  const directories = [...(env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether the system's Python can make virtual environments; a look at its files, because starting it takes longer. */
export function pythonMakesEnvironments() {
  if (!which('python3')) return false;
  const lib = ['/usr/lib', '/usr/local/lib'].flatMap((parent) => list(parent).map((name) => join(parent, name)));
  return lib.some((path) => /\/python3[.\d]*$/.test(path) && list(path).includes('ensurepip'));
}

function list(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Whether an address answers at all, whatever it says. Where there is no way out, no answer comes for long: cut it. */
export async function isReachable(url, timeoutMs = 3_000) {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false;
  }
}

/** Debian and what descends from it, as os-release tells. */
export const isDebianLike = (osRelease) => /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease);

export function mayInstallPackages() {
  return process.getuid?.() === 0 && isDebianLike(osRelease()) && which('apt-get') !== undefined;
}

function osRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** Installs packages; what they are needed for is said where this user or this system cannot. */
export async function installPackages(packages, say) {
  if (!mayInstallPackages()) {
    throw new SetupError(
      `missing: ${packages.join(', ')} (names of Debian’s packages)`,
      process.getuid?.() === 0
        ? 'this is neither Debian nor Ubuntu: install their counterparts with your package manager, then run the command again.'
        : `as root: apt-get install --no-install-recommends ${packages.join(' ')}\nthen run the command again; or run it as root.`,
    );
  }
  say(packages.join(' '));
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const apt = (...args) => run(['apt-get', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args], { env });
  const updateProblem = await updateLists(apt).catch((error) => error);
  try {
    await apt('install', '-y', '--no-install-recommends', '-o', 'Acquire::Retries=3', ...packages);
  } catch (error) {
    const listsToo = updateProblem instanceof Error ? `\n  before that: ${updateProblem.message}` : '';
    throw new SetupError(
      `${error.message}${listsToo}`,
      `see that this works: apt-get update && apt-get install ${packages.join(' ')}`,
    );
  }
}

/** The lock of the package lists is not covered by apt's own waiting. A source that is down is no reason to stop. */
async function updateLists(apt) {
  const end = Date.now() + LOCK_SECONDS * 1000;
  for (;;) {
    try {
      return await apt('update');
    } catch (error) {
      if (!/lists\/lock/.test(error.message) || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
