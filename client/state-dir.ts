import { chmod, mkdir } from 'node:fs/promises';
import { stateLayout, type Environment, type StateLayout } from '../core/state-layout.js';

/** The state directory of this environment, made (0700, also where it was laxer) with its secrets directory. */
export async function openStateDir(env: Environment = process.env, cwd = process.cwd()): Promise<StateLayout> {
  const layout = stateLayout(env, cwd);
  for (const dir of [layout.home, layout.secrets]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
  }
  await mkdir(layout.cache, { recursive: true });
  return layout;
}

/** The path of the state directory, without making it. */
export const stateDir = (env: Environment = process.env, cwd = process.cwd()): string => stateLayout(env, cwd).home;

/** The path of the cache, without making it. */
export const cacheDir = (env: Environment = process.env, cwd = process.cwd()): string => stateLayout(env, cwd).cache;
