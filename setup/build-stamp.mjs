// Tells in milliseconds whether dist/ is what its sources would give: a hash of the inputs of each part, kept beside it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const CODE = ['core', 'hosts', 'probes', 'artefacts', 'activities', 'workflows', 'worker', 'client', 'images', 'setup'];

/** Each part of the build: what it reads, and a file without which it is not there. */
export const PARTS = {
  code: {
    inputs: [...CODE, 'agent', 'topologies', 'scenarios', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    output: 'dist/client/cli.cjs',
  },
  bundle: {
    inputs: ['core', 'workflows', 'activities', 'tsconfig.json', 'package-lock.json'],
    output: 'dist/workflow-bundle.js',
  },
  probe: { inputs: ['probe'], output: 'dist/probe/everbroker-probe.jar' },
};

const stampFile = (root, part) => join(root, 'dist', '.stamps', part);

/** The hash of everything that a part is made of. */
export function inputHash(root, part) {
  const hash = createHash('sha256');
  for (const file of PARTS[part].inputs.flatMap((path) => filesBelow(join(root, path)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  const entries = readEntries(path);
  if (entries === undefined) return [path];
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)]));
}

function readEntries(path) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function isBuilt(root, part) {
  const stamp = stampFile(root, part);
  if (!existsSync(stamp) || !existsSync(join(root, PARTS[part].output))) return false;
  return readFileSync(stamp, 'utf8') === inputHash(root, part);
}

/** Takes the hash from before the build: a source that changed meanwhile must count as not built. */
export function markBuilt(root, part, hash) {
  mkdirSync(dirname(stampFile(root, part)), { recursive: true });
  writeFileSync(stampFile(root, part), hash);
}
