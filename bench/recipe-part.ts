/** The recipe as a shell script and Everbroker, alternating, from no containers to a proven cluster. */
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { JRE_IMAGE } from '../images/jre-image.js';
import { EverbrokerOnTest } from './everbroker.js';
import { measureFloor } from './floor.js';
import type { PartOptions, PartResult } from './part.js';
import { runRecipe } from './recipe.js';
import { goalsOf, roundLine, summarize, summaryText, type Round } from './report.js';
import { dockerTopology } from './topology.js';

async function measureRound(everbroker: EverbrokerOnTest, options: PartOptions): Promise<Round> {
  const { cache, tarball, probe, signal, say } = options;
  const loadBefore = loadavg()[0] ?? 0;
  say('the recipe as a script');
  const script = await runRecipe({ image: JRE_IMAGE, tarball: join(cache, tarball), probe }, signal);
  say('Everbroker, class-data archive not yet made');
  await everbroker.emptyClassData();
  const cold = await everbroker.deploy(signal);
  await everbroker.destroy(signal);
  say('Everbroker, class-data archive in the cache');
  const warm = await everbroker.deploy(signal);
  const jvmCpuSeconds = await everbroker.jvmCpuSeconds(signal);
  say('Everbroker, nothing to change');
  const noChange = await everbroker.deployAgain(signal);
  await everbroker.destroy(signal);
  const floor = await measureFloor({ image: JRE_IMAGE, cache }, signal);
  return { recipe: script, cold, warm, noChange, floor, jvmCpuSeconds, loadBefore };
}

export async function recipePart(options: PartOptions): Promise<PartResult> {
  const { cache, tarball, signal } = options;
  const everbroker = await EverbrokerOnTest.open({ cache, tarball, topology: await dockerTopology(JRE_IMAGE) });
  try {
    const rounds: Round[] = [];
    await everbroker.start(signal);
    for (let index = 0; index < options.rounds; index += 1) {
      const round = await measureRound(everbroker, options);
      rounds.push(round);
      options.say(roundLine(round, index));
    }
    const summary = summarize(rounds, options.cores);
    const goals = goalsOf(summary);
    return { text: summaryText(summary, goals), data: { summary, goals, rounds } };
  } finally {
    await everbroker.close();
  }
}
