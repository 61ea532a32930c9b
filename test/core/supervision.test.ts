import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hashText } from '../../core/hash-text.js';
import { MANIFEST_NAME, manifestText } from '../../core/plan/manifest.js';
import { bootHook, hookReason, supervisionNote, unitText } from '../../core/supervision.js';
import { GOLDEN_DIR, machine } from './activemq/golden.js';
import { aMachine } from '../support/simulated-hosts.js';
import { aParsedTopology } from '../support/topologies.js';

const topology = machine;

describe('the unit of a machine with systemd', () => {
  test('is what is reviewed in the fixture', () => {
    const golden = readFileSync(new URL('ssh/everbroker.service', GOLDEN_DIR), 'utf8');
    assert.equal(unitText(topology, 'h1'), golden);
  });

  test('lets the agent write the state, the root and the stores, and each only once', () => {
    const below = { ...topology, root: '/srv' };
    assert.match(
      unitText(topology, 'h1'),
      /^ReadWritePaths=\/var\/lib\/everbroker \/usr\/local\/mqcluster \/srv\/stores\/g1$/m,
    );
    assert.match(unitText(below, 'h1'), /^ReadWritePaths=\/var\/lib\/everbroker \/srv$/m);
  });
});

describe('what starts the agent at boot', () => {
  test('is chosen by what the machine has', () => {
    const paths = (['systemd', 'initd', 'cron', 'none'] as const).map((boot) => bootHook(boot, topology, 'h1')?.path);
    const files = ['/etc/systemd/system/everbroker.service', '/etc/init.d/everbroker', '/etc/cron.d/everbroker'];
    assert.deepEqual(paths, [...files, undefined]);
  });

  test('is wanted when it is missing or of another version, and nothing is where nothing can be', () => {
    const { path, content } = bootHook('initd', topology, 'h1')!;
    const reason = (hooks: Record<string, string>, boot = 'initd' as const) =>
      hookReason(aMachine({ boot, hooks }), topology, 'h1');
    assert.match(reason({}) ?? '', /nothing starts the agent at boot/);
    assert.match(reason({ [path]: 'other' }) ?? '', /of another version/);
    assert.equal(reason({ [path]: hashText(content) }), null);
    assert.equal(hookReason(aMachine({ boot: 'none' }), topology, 'h1'), null);
  });

  test('is told honestly where no init would read it', () => {
    assert.match(supervisionNote({ boot: 'initd', firstProcess: 'sshd' }), /if an init reads it: process 1 is sshd/);
    assert.match(supervisionNote({ boot: 'none', firstProcess: 'sh' }), /nothing on this machine/);
  });

  test('as an init script is a shell script with the header that init systems read', () => {
    const { content } = bootHook('initd', topology, 'h1')!;
    const directory = mkdtempSync(join(tmpdir(), 'everbroker-initd-'));
    writeFileSync(join(directory, 'script'), content);
    execFileSync('sh', ['-n', join(directory, 'script')]);
    rmSync(directory, { recursive: true });
    assert.match(content, /### BEGIN INIT INFO\n# Provides: +everbroker\n/);
  });
});

test('the name of a manifest’s cluster is found by sed, and no other name in it', () => {
  const print = (text: string): string => execFileSync('sed', ['-n', MANIFEST_NAME], { input: text, encoding: 'utf8' });
  assert.equal(print(manifestText(topology)), 'ha-6\n');
  assert.equal(print(manifestText(aParsedTopology({ name: 'a', groups: 3, hosts: 2 }))), 'a\n');
  assert.equal(print('{"name": "squeezed"}'), '');
});
