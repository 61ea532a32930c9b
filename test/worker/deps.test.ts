/** What inputs reach through a worker: passwords by reference, engines, images, topologies by name, its own copies. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import type { Deps } from '../../activities/deps.js';
import { throwawaySecrets } from '../../activities/secrets.js';
import { EverbrokerError } from '../../core/failure.js';
import type { Environment } from '../../core/state-layout.js';
import type { TopologyInput } from '../../core/topology/schema.js';
import { createDeps } from '../../worker/deps.js';
import { workerOptionsFromEnv } from '../../worker/options.js';
import { resolveSecret } from '../../worker/secret-references.js';
import { aParsedTopology } from '../support/topologies.js';

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'everbroker-deps-'));
});
after(() => rm(home, { recursive: true, force: true }));

const refusedWith = (text: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof EverbrokerError, String(error));
  assert.equal(error.type, 'InputRefused');
  assert.match(error.message, typeof text === 'string' ? new RegExp(text) : text);
  return true;
};

/** Lazy: nothing here talks to a Temporal server. */
async function depsWith(env: Environment): Promise<Deps> {
  const read = workerOptionsFromEnv({ EVERBROKER_HOME: home, ...env }, '/');
  assert.ok(read.ok);
  return createDeps(read.settings, new Client({ connection: Connection.lazy() }), () => undefined);
}

const onHost = (host: Partial<Extract<TopologyInput['hosts'][string], { kind: 'docker' }>>) => {
  const topology = aParsedTopology();
  const [name = '', spec] = Object.entries(topology.hosts)[0] ?? [];
  assert.ok(spec?.kind === 'docker');
  return { ...topology, hosts: { [name]: { ...spec, ...host } } } as typeof topology;
};

describe('a password by reference', () => {
  const PASSWORD = 'a long enough one: ü\\ ';
  let directory: string;
  const env = { EVERBROKER_APP: PASSWORD, EVERBROKER_SHORT: 'short', EVERBROKER_NONE: '', OTHER: PASSWORD };
  const resolve = (reference: string) => resolveSecret({ directory, env }, reference);

  before(async () => {
    directory = join(home, 'secrets');
    await mkdir(join(directory, 'team', 'dir'), { recursive: true });
    await writeFile(join(home, 'outside'), PASSWORD);
    await writeFile(join(directory, 'team', 'app'), `${PASSWORD}\n`);
    await writeFile(join(directory, 'two-lines'), `${PASSWORD}\n${PASSWORD}\n`);
    await writeFile(join(directory, 'huge'), 'x'.repeat(5000));
    await symlink('team/app', join(directory, 'inside-link'));
    await symlink('../outside', join(directory, 'link'));
    await symlink('..', join(directory, 'up'));
    await symlink('/etc/passwd', join(directory, 'passwd'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    for (const known of ['admin', 'Password', 'changeit', '12345678', 'activemq123'])
      await writeFile(join(directory, `known-${known}`), known);
  });

  test('comes from a variable of Everbroker’s or a file below the secrets directory', async () => {
    assert.equal(await resolve('env:EVERBROKER_APP'), PASSWORD);
    assert.equal(await resolve('file:team/app'), PASSWORD);
    assert.equal(await resolve('file:inside-link'), PASSWORD);
  });

  for (const [reference, why] of [
    ['env:OTHER', 'no such variable'],
    ['env:PATH', 'no such variable'],
    ['env:EVERBROKER_UNSET', 'no such variable'],
    ['env:EVERBROKER_NONE', 'no such variable'],
    ['env:EVERBROKER_SHORT', 'fewer than 8'],
    ['file:missing', 'no such file'],
    ['file:../outside', 'leads out'],
    ['file:team/../../outside', 'leads out'],
    ['file:/etc/passwd', 'no such file'],
    ['file:link', 'leads out'],
    ['file:up/outside', 'leads out'],
    ['file:up', 'leads out'],
    ['file:.', 'leads out'],
    ['file:passwd', 'leads out'],
    ['file:team/dir', 'is not a file'],
    ['file:fifo', 'is not a file'],
    ['file:huge', 'more than 4096'],
    ['file:two-lines', 'several lines'],
    ['file:known-admin', 'everybody knows'],
    ['file:known-Password', 'everybody knows'],
    ['file:known-changeit', 'everybody knows'],
    ['file:known-12345678', 'everybody knows'],
    ['file:known-activemq123', 'everybody knows'],
    ['https://example.org/secret', 'must begin with env: or file:'],
  ] as const) {
    test(`is refused as ${reference}: ${why}`, async () => {
      await assert.rejects(resolve(reference), refusedWith(why));
    });
  }

  test('is refused where it would be interpreted by the broker, and no refusal shows the value', async () => {
    for (const value of ['abc${user.home}def', '#{T(java.lang.Runtime)}', 'OBF:1v2j1uum1xtv']) {
      await assert.rejects(
        resolveSecret({ directory, env: { EVERBROKER_X: value } }, 'env:EVERBROKER_X'),
        (error: unknown) => refusedWith('contains')(error) && !JSON.stringify(error).includes(value),
      );
    }
  });

  test('is refused, and not retried for ever, where there is no secrets directory at all', async () => {
    await assert.rejects(
      resolveSecret({ directory: join(home, 'nowhere'), env }, 'file:team/app'),
      refusedWith('no such file'),
    );
  });
});

describe('engines, images and addresses that a topology names', () => {
  test('are the worker’s own and those without a registry, unless its settings say otherwise', async () => {
    const deps = await depsWith({});
    const own = deps.engine().address;
    deps.permit(onHost({}));
    deps.permit(onHost({ engine: own }));
    for (const image of ['debian:12', 'library/debian', 'team/jre:17', 'everbroker/base'])
      deps.permit(onHost({ image }));
    for (const engine of ['tcp://10.0.0.9:2375', 'unix:///run/other.sock'])
      assert.throws(() => deps.permit(onHost({ engine })), refusedWith(/engine .* EVERBROKER_ALLOWED_ENGINES/));
    for (const image of ['registry.example.org/jre', 'localhost/jre', '10.0.0.9:5000/jre:1'])
      assert.throws(() => deps.permit(onHost({ image })), refusedWith(/image .* EVERBROKER_ALLOWED_IMAGES/));
  });

  test('are those that its settings name', async () => {
    const deps = await depsWith({
      EVERBROKER_ALLOWED_ENGINES: 'tcp://10.0.0.*:2376',
      EVERBROKER_ALLOWED_IMAGES: 'registry.example.org/mq/*',
      EVERBROKER_ALLOWED_HOSTS: '172.29.0.*',
    });
    const image = 'registry.example.org/mq/jre:17';
    deps.permit(onHost({ engine: 'tcp://10.0.0.9:2376', image }));
    deps.permit(onHost({ image }));
    assert.throws(() => deps.permit(onHost({ engine: 'tcp://10.0.1.9:2376', image })), refusedWith('engine'));
    assert.throws(() => deps.permit(onHost({ image: 'debian:12' })), refusedWith('image debian:12'));
    assert.throws(() => deps.permit(onHost({ image: 'registry.example.org/other' })), refusedWith('image'));
    assert.throws(() => deps.permit(onHost({ address: '172.30.0.9' })), refusedWith('EVERBROKER_ALLOWED_HOSTS'));
  });

  test('are all listed in one refusal', async () => {
    const deps = await depsWith({ EVERBROKER_ALLOWED_HOSTS: '10.*' });
    assert.throws(
      () => deps.permit(onHost({ engine: 'tcp://10.0.0.9:2375', image: 'ghcr.io/a/b' })),
      refusedWith(/address[^]*engine[^]*image/),
    );
  });

  test('are refused again where they are used: another worker may have read the topology', async () => {
    const deps = await depsWith({});
    const engine = 'tcp://10.0.0.9:2375';
    assert.throws(() => deps.engine(engine), refusedWith('engine'));
    await assert.rejects(async () => deps.openHost(onHost({ engine }), 'h1'), refusedWith('engine'));
    const { signal } = new AbortController();
    await assert.rejects(async () => deps.ensureImage(deps.engine(), 'ghcr.io/a/b', signal), refusedWith('image'));
  });
});

describe('topologies by name', () => {
  test('are plain names in the worker’s own directories, and never paths', async () => {
    const directory = join(home, 'topologies');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'mine.yaml'), 'version: 1\n');
    await writeFile(join(home, 'private.yaml'), 'password: x\n');
    const deps = await depsWith({ EVERBROKER_TOPOLOGIES_DIR: directory });
    assert.equal(await deps.readTopology('mine'), 'version: 1\n');
    assert.notEqual(await deps.readTopology('ha-6'), null);
    for (const name of ['../private', join(home, 'private'), './mine', 'mine.yaml', 'MINE', '', '..', 'a/../mine'])
      assert.equal(await deps.readTopology(name), null, name);
    assert.ok((await deps.knownTopologies()).includes('mine'));
  });
});

describe('scenarios by name', () => {
  test('are plain names in the worker’s own directories, and never paths', async () => {
    const directory = join(home, 'scenarios');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'mine.yaml'), 'version: 1\n');
    const deps = await depsWith({ EVERBROKER_SCENARIOS_DIR: directory });
    assert.equal(await deps.readScenario('mine'), 'version: 1\n');
    assert.notEqual(await deps.readScenario('kill-master'), null);
    for (const name of ['../mine', './mine', 'mine.yaml', '']) assert.equal(await deps.readScenario(name), null, name);
    const known = await deps.knownScenarios();
    for (const name of ['mine', 'kill-master', 'load-balance']) assert.ok(known.includes(name), name);
  });
});

describe('the copy of a cluster’s credentials', () => {
  const topology = aParsedTopology({ name: 'copied' });
  const path = () => join(home, 'credentials', 'copied.json');

  test('is for its owner only, follows what changes, and leaves nothing half written', async () => {
    const deps = await depsWith({});
    const secrets = throwawaySecrets();
    await deps.cacheSecrets(topology, secrets);
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(await readFile(path(), 'utf8')), { ...secrets, openwireLogin: true });
    const open = { ...topology, security: { ...topology.security, openwireLogin: false } };
    await deps.cacheSecrets(open, { ...secrets, version: 2 });
    assert.deepEqual(JSON.parse(await readFile(path(), 'utf8')), { ...secrets, version: 2, openwireLogin: false });
    assert.deepEqual(await readdir(join(home, 'credentials')), ['copied.json']);
  });

  test('goes when the cluster’s data goes, also when there is none', async () => {
    const deps = await depsWith({});
    await deps.forgetSecrets('copied');
    await assert.rejects(stat(path()));
    await deps.forgetSecrets('copied');
  });
});
