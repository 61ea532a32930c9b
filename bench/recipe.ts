/** Runs the recipe's script and reads where its time went. */
import { fileURLToPath } from 'node:url';
import { run } from './command.js';
import type { Phases } from './phases.js';

export interface Recipe {
  image: string;
  tarball: string;
  probe: string;
}

export interface RecipeRun {
  /** From the start of the script to the proven cluster; the cleaning up after it does not count. */
  seconds: number;
  phases: Phases;
}

const SCRIPT = fileURLToPath(new URL('recipe.sh', import.meta.url));

export async function runRecipe({ image, tarball, probe }: Recipe, signal: AbortSignal): Promise<RecipeRun> {
  const env = { IMAGE: image, TARBALL: tarball, PROBE: probe, PREFIX: 'everbroker-bench-recipe' };
  const { stdout, startedAt } = await run({ argv: ['sh', SCRIPT], env, signal });
  const marks = stdout
    .trim()
    .split('\n')
    .map((line) => ({ at: Number(line.split(' ', 1)[0]), phase: line.slice(line.indexOf(' ') + 1) }));
  const last = marks.at(-1);
  if (last?.phase !== 'proven') throw new Error(`the recipe did not come to its end:\n${stdout}`);
  const phases: Phases = {};
  for (const [index, { at, phase }] of marks.entries()) {
    const next = marks[index + 1];
    if (next === undefined) break;
    // Both groups' starts count for one phase; they follow each other.
    const name = phase.replace(/ of \w+$/, '');
    phases[name] = (phases[name] ?? 0) + (next.at - at) / 1000;
  }
  return { seconds: (last.at - startedAt) / 1000, phases };
}
