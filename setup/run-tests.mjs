// `node setup/run-tests.mjs unit|fast|long|all [words of file names…]`: finds the test files and runs node's test runner.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const isSystem = (file) => file.startsWith(join('test', 'system'));
const isLong = (file) => file.endsWith('.long.test.ts');

const SETS = {
  /** No Docker, no JVM. */
  unit: (file) => !isSystem(file),
  /** With one real deployment: what `npm test` runs. */
  fast: (file) => !isLong(file),
  /** The long matrices alone: `npm run test:all` comes after `npm test`. */
  long: isLong,
  all: () => true,
};

const [set = 'fast', ...words] = process.argv.slice(2);
const belongs = SETS[set];
if (!belongs) {
  console.error(`run-tests: unknown set ${set}; one of ${Object.keys(SETS).join(', ')}`);
  process.exit(2);
}
const files = readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
  .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((file) => belongs(file) && (words.length === 0 || words.some((word) => file.includes(word))))
  // Unit tests first: what they find is understood soonest.
  .sort((a, b) => Number(isSystem(a)) - Number(isSystem(b)) || a.localeCompare(b));
if (files.length === 0) {
  console.error(`run-tests: no test file of the set ${set}${words.length ? ` is called ${words.join(' or ')}` : ''}`);
  process.exit(1);
}

// One runner, so that its closing count is the whole one. Units alone run side by side as the machine has cores. With system
// tests among them two files run at once: those wait most of their time (for holds, leases, restarts and JVMs), and each has
// names, ports and subnets of its own; more would only take the processor from each other.
const lanes = files.some(isSystem) ? 2 : null;
const concurrency = lanes === null ? [] : [`--test-concurrency=${lanes}`];
// TAP closes with plain lines (`# tests N`, `# pass N`), which CI systems read.
const reporter =
  process.env.EVERBROKER_TEST_REPORTER ?? (process.stdout.isTTY ? 'spec' : join(root, 'setup/tap-with-failures.mjs'));
const env = { ...process.env };
// Set by an outer runner (a test that starts this), it would turn this one's output into that one's protocol.
delete env.NODE_TEST_CONTEXT;
const child = spawn(
  process.execPath,
  ['--import', 'tsx', '--test', `--test-reporter=${reporter}`, ...concurrency, ...files],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env },
);
// The terminal's Ctrl-C reaches the runner itself; these come only here.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGTERM'));
process.on('SIGINT', () => undefined);
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
