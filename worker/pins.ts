/** Where each host of a cluster was last: a small file a host in the worker's state directory. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Pins } from '../activities/pins.js';
import type { StateLayout } from '../core/state-layout.js';

type State = Pick<StateLayout, 'home'>;

const pinsOf = ({ home }: State, cluster: string): string => join(home, 'pins', cluster);

export const openPins = (state: State): Pins => ({
  async of(cluster, host) {
    try {
      return (await readFile(join(pinsOf(state, cluster), host), 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  async record(cluster, host, id) {
    const directory = pinsOf(state, cluster);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = join(directory, `.${host}.${randomUUID()}`);
    await writeFile(temporary, `${id}\n`, { mode: 0o600 });
    await rename(temporary, join(directory, host));
  },
});

export const forgetPins = (state: State, cluster: string): Promise<void> =>
  rm(pinsOf(state, cluster), { recursive: true, force: true });
