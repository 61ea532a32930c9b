/** Second half of the set-up, with npm packages at hand: Temporal's programs, images, distributions and the build. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTemporalCli, ensureTestServer, findTemporalCli } from '../client/embedded/temporal-cli.js';
import { dockerClient, type DockerClient } from '../hosts/docker-client.js';
import { ensureBaseImage, hasBaseImage } from '../images/base-image.js';
import { faultImage } from '../images/fault-image.js';
import { jreImage } from '../images/jre-image.js';
import { SSHD_IMAGE, SSHD_JRE_IMAGE, ensureSshdImage, hasSshdImage } from '../images/sshd-image.js';
import { isBuilt } from './build-stamp.mjs';
import { buildBundle, buildCode, buildProbe } from './build.js';
import { engineAddress } from './docker-engine.mjs';
import { DEFAULT_ACTIVEMQ, GOALS, distributionFile, type Goal } from './goals.mjs';
import { all, createProgress, failureText, run, type Progress } from './progress.mjs';
import { installPackages, isReachable, mayInstallPackages, which } from './system-packages.mjs';

/** setup.mjs starts it there, also from dist/. */
const root = process.cwd();

interface Work {
  goal: Goal;
  goalName: string;
  cacheDir: string;
  progress: Progress;
}

async function prepare(work: Work): Promise<void> {
  const { goal, progress } = work;
  await all([
    buildCode(progress, root),
    buildBundle(progress, root),
    distributions(work).then(() => buildProbe(progress, root, distribution(work, DEFAULT_ACTIVEMQ))),
    goal.temporal ? temporal(work) : Promise.resolve(),
    goal.engine ? images(work) : Promise.resolve(),
  ]);
}

const distribution = ({ cacheDir }: Work, version: string): string => join(cacheDir, distributionFile(version));

async function distributions(work: Work): Promise<void> {
  const { goal, progress } = work;
  const missing = goal.activemq.filter((version) => !existsSync(distribution(work, version)));
  // Only the probe and the broker need it: a build whose probe is there goes without.
  if (missing.length === 0 || (!goal.engine && isBuilt(root, 'probe'))) return;
  await progress.task('ActiveMQ archives', async (say) => {
    await run([process.execPath, '--import', 'tsx', 'setup/fetch-artefacts.ts', ...missing], {
      cwd: root,
      // That it is alive is said for all tasks together.
      onLine: (line) => /: (waiting|downloading|verifying|preparing)\b/.test(line) || say(line),
      whatToDo: `see that this machine reaches the Apache archive or Maven’s repository, or put the archives into ${work.cacheDir}.`,
    });
  });
}

async function temporal({ goal, cacheDir, progress }: Work): Promise<void> {
  const quiet = (): void => undefined;
  const withoutServer = process.env['TEMPORAL_ADDRESS'] !== undefined && !goal.testServer;
  const cli = withoutServer || (await findTemporalCli({ cacheDir, log: quiet })) !== null;
  const name = 'temporal-test-server';
  const server = !goal.testServer || (which(name) ?? existsSync(join(cacheDir, 'bin', name)));
  await all(
    [
      cli ? undefined : progress.task('Temporal', (log) => ensureTemporalCli({ cacheDir, log })),
      server ? undefined : progress.task('Temporal test server', (log) => ensureTestServer({ cacheDir, log })),
    ].map((promise) => Promise.resolve(promise)),
  );
}

async function images({ goal, progress }: Work): Promise<void> {
  const engine: DockerClient = dockerClient(engineAddress());
  if (!(await hasBaseImage(engine))) {
    await progress.task('base image', async (log) => {
      await debootstrapIfNeeded(log);
      await ensureBaseImage({ engine, log });
    });
  }
  if (goal.jreImage && !(await jreImage.isThere(engine))) {
    await progress.task('image with a JRE', (log) => jreImage.ensure({ engine, log }));
  }
  if (goal.faultImage && !(await faultImage.isThere(engine))) {
    await progress.task('image for faults', (log) => faultImage.ensure({ engine, log }));
  }
  if (!goal.sshdImages) return;
  for (const image of [SSHD_IMAGE, SSHD_JRE_IMAGE] as const) {
    if (await hasSshdImage(engine, image)) continue;
    await progress.task(`image ${image}`, (log) => ensureSshdImage({ engine, log }, image));
  }
}

/** An image of an older recipe hides from the first half that a new one must be made. */
async function debootstrapIfNeeded(say: (line: string) => void): Promise<void> {
  if (which('debootstrap') || !mayInstallPackages() || (await isReachable('https://registry-1.docker.io/v2/'))) return;
  await installPackages(['debootstrap', 'debian-archive-keyring'], say);
}

async function main(goalName: string): Promise<number> {
  const goal = GOALS[goalName];
  if (!goal) throw new Error(`unknown goal ${goalName}`);
  const progress = createProgress();
  const cacheDir = process.env['EVERBROKER_CACHE'] ?? join(root, '.everbroker', 'cache');
  try {
    await prepare({ goal, goalName, cacheDir, progress });
  } catch (error) {
    if (progress.failures.length === 0) progress.failures.push({ name: 'set-up', error: asError(error) });
  }
  progress.close();
  if (progress.failures.length === 0) return 0;
  console.error(`\n${failureText(progress.failures)}`);
  return 1;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

process.exitCode = await main(process.argv[2] ?? 'start');
