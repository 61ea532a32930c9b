/** Makes dist/: code, assets, the workflow bundle and the probe. Each part only when its inputs changed. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputHash, isBuilt, markBuilt, type Part } from './build-stamp.mjs';
import { SetupError, run, type Progress } from './progress.mjs';

/** Builds a part if need be; the hash is taken first, so that an edit during the build is not taken for built. */
async function part(progress: Progress, root: string, work: { name: string; part: Part; make: () => Promise<void> }) {
  if (isBuilt(root, work.part)) return;
  const hash = inputHash(root, work.part);
  await progress.task(work.name, work.make);
  markBuilt(root, work.part, hash);
}

export const buildCode = (progress: Progress, root: string): Promise<void> =>
  part(progress, root, { name: 'compile', part: 'code', make: () => compile(root) });

export const buildBundle = (progress: Progress, root: string): Promise<void> =>
  part(progress, root, { name: 'workflow bundle', part: 'bundle', make: () => bundle(root) });

/** `distribution` is the ActiveMQ archive whose client jars the probe is compiled against. */
export const buildProbe = (progress: Progress, root: string, distribution: string): Promise<void> =>
  part(progress, root, { name: 'JMS probe', part: 'probe', make: () => compileProbe(root, distribution) });

async function compile(root: string): Promise<void> {
  removeStale(root, '');
  await run([process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    whatToDo: 'correct the sources that the compiler names; `npm run check` tells the same.',
  });
  await bundleCommandLine(root);
  for (const asset of ['agent', 'topologies', 'scenarios'])
    cpSync(join(root, asset), join(root, 'dist', asset), { recursive: true });
  const plain = readdirSync(join(root, 'setup')).filter((name) => name.endsWith('.mjs'));
  for (const name of plain) cpSync(join(root, 'setup', name), join(root, 'dist', 'setup', name));
  await keepCodeOfCommandLine(root);
}

/**
 * The command line in one file beside its modules: most of what a short command costs is finding and reading six hundred
 * of them (0.75 CPU-seconds, 0.35 in one file; measured). CommonJS, because Node can keep compiled code of nothing else.
 */
async function bundleCommandLine(root: string): Promise<void> {
  const { build } = await import('esbuild');
  const client = join(root, 'dist', 'client');
  const outfile = join(client, 'cli.cjs');
  const input = {
    entryPoints: [join(client, 'cli.js')],
    absWorkingDir: root,
    bundle: true,
    // What is left out is read faster; names stay, for the stacks of errors.
    minifyWhitespace: true,
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'importMetaUrl' },
    external: ['echarts'],
  };
  await build({ ...input, outfile: `${outfile}.new`, platform: 'node', format: 'cjs', logLevel: 'error' });
  // V8 knows a cache's source by its length only, so the old one goes before the new source comes.
  rmSync(`${outfile}.cache`, { force: true });
  // A command may be starting at this moment.
  renameSync(`${outfile}.new`, outfile);
}

/** Fills V8's code cache of the command line, which reads a topology for it; all that it needs lies in dist/ by now. */
async function keepCodeOfCommandLine(root: string): Promise<void> {
  const fill = ['setup/code-cache.mjs', 'dist/client/cli.cjs', 'validate', 'ha-6', '--json'];
  const whatToDo = 'run `node bin/everbroker.mjs validate ha-6`, which tells what is wrong.';
  await run([process.execPath, ...fill], { cwd: root, whatToDo });
}

/** The compiler leaves the output of deleted sources lying; something could still import it. */
function removeStale(root: string, below: string): void {
  const dist = join(root, 'dist', below);
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) removeStale(root, path);
    else if (/\.(js|d\.ts)$/.test(path) && below !== '') {
      const source = join(root, path.replace(/\.(js|d\.ts)$/, '.ts'));
      if (!existsSync(source)) rmSync(join(root, 'dist', path));
    }
  }
}

async function bundle(root: string): Promise<void> {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const silent = () => undefined;
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: console.warn, error: console.error };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'workflows', 'index.ts'), logger });
  const target = join(root, 'dist', 'workflow-bundle.js');
  mkdirSync(join(root, 'dist'), { recursive: true });
  // A worker may be reading it at this moment.
  writeFileSync(`${target}.new`, code);
  renameSync(`${target}.new`, target);
}

async function compileProbe(root: string, distribution: string): Promise<void> {
  if (!existsSync(distribution)) {
    throw new SetupError(`${distribution} is not there`, 'run `node setup/setup.mjs build`, which fetches it.');
  }
  const directory = mkdtempSync(join(tmpdir(), 'everbroker-client-jars-'));
  try {
    await run(['tar', '-xzf', distribution, '-C', directory, '--strip-components=1', '--wildcards', '*/lib/*.jar']);
    await run([process.execPath, join(root, 'probe', 'build.mjs'), directory], {
      cwd: root,
      whatToDo: 'the probe needs a JDK of 17 or newer: set JAVA_HOME, or put its javac and jar on the PATH.',
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
