/** Ansible from the Python index, in an environment of its own below the cache: never in the system's Python. */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPackages, pythonMakesEnvironments, which } from '../setup/system-packages.mjs';
import { run } from './command.js';

export const ANSIBLE_CORE = '2.18.19';

/** Returns the directory with Ansible's programs; installed when it is not there. */
export async function ensureAnsible(cache: string, signal: AbortSignal, say: (line: string) => void): Promise<string> {
  if (!which('ssh')) await installPackages(['openssh-client'], say);
  const home = join(cache, 'ansible', ANSIBLE_CORE);
  const programs = join(home, 'bin');
  const complete = join(home, '.complete');
  if (await exists(complete)) return programs;
  if (!pythonMakesEnvironments()) await installPackages(['python3', 'python3-venv', 'python3-pip'], say);
  say(`ansible-core ${ANSIBLE_CORE} is being installed`);
  // Programs of an environment name its path, so it is made where it stays; the marker tells a whole one.
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await run({ argv: ['python3', '-m', 'venv', home], signal });
  await run({ argv: [join(programs, 'pip'), 'install', '--quiet', `ansible-core==${ANSIBLE_CORE}`], signal });
  await writeFile(complete, '');
  return programs;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
