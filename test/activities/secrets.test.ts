import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { insistOnReferences, readMaster, secretsChange, shareSecrets } from '../../activities/secrets.js';
import { credentialsHead, credentialsText } from '../../core/activemq/credentials.js';
import { EverbrokerError } from '../../core/failure.js';
import { OWNER_FILE, SECRETS_FILE, STATE_DIR } from '../../core/layout.js';
import type { ClusterSecrets } from '../../core/secrets.js';
import type { Topology } from '../../core/topology/topology.js';
import { newHostKeyPair, openSealed } from '../../hosts/sealed.js';
import { FakeHost } from '../support/fake-host.js';
import { aParsedTopology, aTopology, parsed } from '../support/topologies.js';

const { signal } = new AbortController();
const TOKEN = 'token';
const VERSION_FILE = `${STATE_DIR}/secrets.version`;
const keys = newHostKeyPair();

let host: FakeHost;
let values: Record<string, string>;
let cached: ClusterSecrets[];
let deps: Pick<Deps, 'openHost' | 'resolveSecret' | 'cacheSecrets'>;

beforeEach(() => {
  values = { 'file:app': 'first-password' };
  cached = [];
  host = new FakeHost('h1');
  host.files.write(OWNER_FILE, `${TOKEN}\n`, { mode: 0o600 });
  host.on(
    (argv) => argv[0] === 'sh' && argv[1] === '-c' && argv.at(-1) === SECRETS_FILE,
    ({ files, stdout }) => {
      const content = files.text(SECRETS_FILE);
      if (content === undefined) return 66;
      stdout(content);
      return 0;
    },
  );
  deps = {
    openHost: () => Promise.resolve(host),
    resolveSecret: (reference) => {
      const value = values[reference];
      if (value === undefined) throw new EverbrokerError('InputRefused', `${reference}: there is none`);
      return Promise.resolve(value);
    },
    cacheSecrets: (_topology, secrets) => Promise.resolve(void cached.push(secrets)),
  };
});

const withClient = (password: string, user = 'app'): Topology => {
  const topology = aParsedTopology();
  return { ...topology, security: { ...topology.security, client: { user, password } } };
};

async function share(topology: Topology) {
  const step = { id: 'shareSecrets', kind: 'shareSecrets' as const, summary: '', reason: '' };
  const input = { topology, host: 'h1', token: TOKEN, step, recipients: { h1: keys.publicKey } };
  const shared = await shareSecrets(deps as Deps, input, signal);
  return { ...shared, secrets: JSON.parse(openSealed(keys.privateKey, shared.sealed['h1'] ?? '')) as ClusterSecrets };
}

async function changes(topology: Topology, master: ClusterSecrets): Promise<(boolean | string)[]> {
  const { changed, groups } = await secretsChange(deps as Deps, topology, master);
  return [changed, ...groups];
}

describe('a cluster’s secrets', () => {
  test('are generated once, kept by the first host for root only, and sealed for everybody else', async () => {
    const first = await share(aParsedTopology());
    assert.equal(first.changed, true);
    assert.equal(first.secrets.version, 1);
    assert.equal(host.files.get(SECRETS_FILE)?.mode, 0o600);
    assert.equal(host.files.text(VERSION_FILE), '1\n');
    const second = await share(aParsedTopology());
    assert.equal(second.changed, false);
    assert.deepEqual(second.secrets, first.secrets);
    assert.deepEqual(cached, [first.secrets, first.secrets]);
    const { console: web, client, bridge, probe, system } = first.secrets;
    const passwords = [web, client, bridge, probe, system].map(({ password }) => password);
    assert.equal(new Set(passwords).size, 5);
    // One that begins with a hyphen is no password for ActiveMQ's own command line: 1 in 64 of base64url did.
    for (const password of passwords) assert.match(password, /^[0-9a-f]{36}$/);
    for (const text of [first.sealed['h1'] ?? '', JSON.stringify(host.history)])
      assert.ok(passwords.every((password) => !text.includes(password)));
  });

  test('have the next version when a referenced value or a user’s name changes, and keep all others', async () => {
    const { secrets: first } = await share(withClient('file:app'));
    assert.deepEqual(await changes(withClient('file:app'), first), [false]);
    values['file:app'] = 'second-password';
    assert.deepEqual(await changes(withClient('file:app'), first), [true, 'g1', 'g2']);
    const { secrets: second } = await share(withClient('file:app'));
    assert.deepEqual(second, {
      ...first,
      version: 2,
      groups: { g1: 2, g2: 2 },
      client: { user: 'app', password: 'second-password' },
    });
    assert.deepEqual(await changes(withClient('file:app', 'other'), second), [true, 'g1', 'g2']);
    const { secrets: third } = await share(withClient('file:app', 'other'));
    assert.deepEqual(third, {
      ...second,
      version: 3,
      groups: { g1: 3, g2: 3 },
      client: { user: 'other', password: 'second-password' },
    });
  });

  test('of one group’s store change for that group only, and for all what every broker knows', async () => {
    const inDatabases = (user = 'mq') => {
      const input = aTopology({ groups: 2 });
      for (const [group, { store: _, ...rest }] of Object.entries(input.groups)) {
        const url = `jdbc:mariadb://db/${group}`;
        input.groups[group] = { ...rest, store: { kind: 'jdbc', url, user, password: `file:${group}` } };
      }
      input.security = { client: { user: 'app', password: 'file:app' } };
      return parsed(input);
    };
    Object.assign(values, { 'file:g1': 'password-one', 'file:g2': 'password-two' });
    const { secrets: first } = await share(inDatabases());
    assert.deepEqual(first.groups, { g1: 1, g2: 1 });

    values['file:g1'] = 'password-other';
    assert.deepEqual(await changes(inDatabases(), first), [true, 'g1']);
    const { secrets: second } = await share(inDatabases());
    assert.deepEqual([second.version, second.groups], [2, { g1: 2, g2: 1 }]);
    assert.deepEqual(await changes(inDatabases(), second), [false]);
    const head = (group: string) => credentialsText(second, group).split('\n')[0];
    assert.deepEqual([head('g1'), head('g2')], [credentialsHead(2), credentialsHead(1)]);

    values['file:app'] = 'other-password';
    assert.deepEqual(await changes(inDatabases(), second), [true, 'g1', 'g2']);
    const { g2: _, ...groups } = inDatabases().groups;
    const { secrets: third } = await share({ ...withClient('file:app'), groups });
    assert.deepEqual([third.version, third.groups], [3, { g1: 3 }]);
  });

  test('of a group that is gone are nobody’s, and of a copy without versions of groups all have the copy’s', async () => {
    const input = aTopology({ groups: 2 });
    input.groups['g2']!.store = { kind: 'jdbc', url: 'jdbc:mariadb://db/mq', user: 'mq', password: 'file:app' };
    const { secrets } = await share(parsed(input));
    const { groups: _, ...older } = { ...secrets, version: 7 };
    host.files.write(SECRETS_FILE, JSON.stringify(older), { mode: 0o600 });
    const { g1 } = parsed(input).groups;
    const alone = { ...parsed(input), groups: { g1: g1! } };
    assert.deepEqual(await changes(alone, older), [true]);
    assert.deepEqual((await share(alone)).secrets.groups, { g1: 7 });
  });

  test('get back the version’s file that a cut run has not written', async () => {
    const { secrets } = await share(aParsedTopology());
    host.files.write(VERSION_FILE, '0\n', { mode: 0o644 });
    assert.deepEqual((await share(aParsedTopology())).secrets, secrets);
    assert.equal(host.files.text(VERSION_FILE), '1\n');
  });

  test('are not replaced because they could not be read, and the failure does not quote them', async () => {
    const { secrets } = await share(aParsedTopology());
    host.on(
      (argv) => argv.at(-1) === SECRETS_FILE,
      ({ stdout }) => (stdout(JSON.stringify(secrets)), 137),
    );
    await assert.rejects(share(aParsedTopology()), (error: unknown) => {
      assert.ok(error instanceof EverbrokerError && error.type === 'CommandFailed');
      assert.ok(!JSON.stringify([error.message, error.details]).includes(secrets.client.password));
      return true;
    });
    assert.equal(host.files.text(VERSION_FILE), '1\n');
  });

  test('that are damaged are told, and not quoted', async () => {
    host.files.write(SECRETS_FILE, 'a-password-of-old {', { mode: 0o600 });
    await assert.rejects(readMaster(host, signal), (error: unknown) => {
      assert.ok(error instanceof EverbrokerError);
      assert.ok(!JSON.stringify([error.message, error.details, String(error.cause)]).includes('a-password'));
      return true;
    });
  });

  test('are refused when they cannot be had, equal the user’s name, or cannot be typed into a browser', async () => {
    await assert.rejects(insistOnReferences(deps as Deps, withClient('file:none')), { type: 'InputRefused' });
    values['file:app'] = 'application';
    await assert.rejects(insistOnReferences(deps as Deps, withClient('file:app', 'application')), {
      type: 'InputRefused',
      message: /user's own name/,
    });
    values['file:app'] = 'mit-Umlaut-ü';
    await insistOnReferences(deps as Deps, withClient('file:app'));
    const topology = aParsedTopology();
    const security = { ...topology.security, console: { user: 'ops', password: 'file:app' } };
    await assert.rejects(insistOnReferences(deps as Deps, { ...topology, security }), {
      type: 'InputRefused',
      message: /console's password/,
    });
  });

  test('are not shared by an operation that no longer owns the host', async () => {
    host.files.write(OWNER_FILE, 'another\n', { mode: 0o600 });
    await assert.rejects(share(aParsedTopology()), { type: 'OwnershipLost' });
    assert.equal(host.files.text(SECRETS_FILE), undefined);
  });
});
