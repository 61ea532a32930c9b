// `node setup/setup.mjs start|test|bench|build`: makes this machine ready for a goal, and does only what is missing.
// Plain Node without packages, because it installs them. What needs them comes afterwards: prepare.ts.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './build-stamp.mjs';
import { engineAddress, engineHasImage, engineState, startEngine, whyNotStartable } from './docker-engine.mjs';
import { GOALS, IMAGE, distributionFile } from './goals.mjs';
import { installNpmPackages, npmPackagesAreCurrent } from './npm-packages.mjs';
import { all, createProgress, failureText } from './progress.mjs';
import { holdSetupLock } from './setup-lock.mjs';
import { installPackages, isReachable, pythonMakesEnvironments, which } from './system-packages.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stateDir = resolve(process.env.EVERBROKER_HOME || join(root, '.everbroker'));
const cacheDir = resolve(process.env.EVERBROKER_CACHE || join(stateDir, 'cache'));

const goalName = process.argv[2] ?? 'start';
const goal = GOALS[goalName];
if (!goal) {
  console.error(`setup: unknown goal ${goalName}; one of ${Object.keys(GOALS).join(', ')}`);
  process.exit(2);
}

const progress = createProgress();
try {
  await holdSetupLock(stateDir, (line) => console.log(line));
  const needed = await findMissing();
  await all([needed.npm ? progress.task('npm packages', () => installNpmPackages(root)) : undefined, system(needed)]);
} catch (error) {
  if (progress.failures.length === 0) progress.failures.push({ name: 'set-up', error });
}
progress.close();
if (progress.failures.length > 0) {
  console.error(`\n${failureText(progress.failures)}`);
  process.exit(1);
}
// In a process of its own: it imports packages that may have been installed just now. Built already, it needs no tsx.
const built = isBuilt(root, 'code') && existsSync(join(root, 'dist', 'setup', 'prepare.js'));
const prepare = built ? ['dist/setup/prepare.js'] : ['--import', 'tsx', 'setup/prepare.ts'];
const env = { ...process.env, EVERBROKER_HOME: stateDir, EVERBROKER_CACHE: cacheDir };
const { status } = spawnSync(process.execPath, [...prepare, goalName], { cwd: root, stdio: 'inherit', env });
process.exit(status ?? 1);

async function system({ packages, startDocker, address }) {
  if (packages.length > 0) await progress.task('system packages', (say) => installPackages(packages, say));
  if (startDocker) await progress.task('Docker engine', (say) => startEngine({ address, stateDir, say }));
}

/** Everything that is missing, found before anything is changed, so that all packages go into one transaction. */
async function findMissing() {
  const npm = !npmPackagesAreCurrent(root);
  const packages = [];
  const address = goal.engine ? engineAddress() : undefined;
  const state = address ? await engineState(address) : 'running';
  const startDocker = state !== 'running';
  if (startDocker) {
    const problem = whyNotStartable(address, state);
    if (problem) throw problem;
    if (!which('dockerd')) packages.push('docker.io', 'iptables', 'ca-certificates');
  }
  const asked = await Promise.all([
    goal.engine && imageNeeds(address, startDocker),
    distributionNeeds(),
    temporalNeeds(),
    goal.python && !pythonMakesEnvironments() && ['python3', 'python3-venv', 'python3-pip'],
    // Tests that restart an engine give it a bridge of its own.
    goal.testServer && !which('ip') && ['iproute2'],
    // Tests log in with the help of an agent and read a hashed known_hosts.
    goal.testServer && !which('ssh-agent') && ['openssh-client'],
    !which('javac') && !isBuilt(root, 'probe') && ['openjdk-17-jdk-headless'],
  ]);
  packages.push(...asked.filter(Boolean).flat());
  return { npm, packages: [...new Set(packages)], startDocker, address };
}

/** An official image is better; debootstrap makes one where no registry is in reach. */
async function imageNeeds(address, engineIsDown) {
  if (which('debootstrap')) return [];
  if (!engineIsDown && (await engineHasImage(address, IMAGE))) return [];
  return (await isReachable('https://registry-1.docker.io/v2/')) ? [] : ['debootstrap', 'debian-archive-keyring'];
}

async function distributionNeeds() {
  if (which('mvn')) return [];
  if (goal.activemq.every((version) => existsSync(join(cacheDir, distributionFile(version))))) return [];
  return (await isReachable('https://archive.apache.org/dist/activemq/')) ? [] : ['maven'];
}

/** Temporal's programs come from its release or, where that is out of reach, as packages of the Python index. */
async function temporalNeeds() {
  if (!goal.temporal || pythonMakesEnvironments() || process.env.TEMPORAL_ADDRESS) return [];
  const programs = goal.testServer ? ['temporal', 'temporal-test-server'] : ['temporal'];
  if (programs.every((program) => which(program) ?? existsSync(join(cacheDir, 'bin', program)))) return [];
  const reachable = await isReachable('https://temporal.download/cli/archive/latest');
  return reachable && !goal.testServer ? [] : ['python3', 'python3-venv', 'python3-pip'];
}
