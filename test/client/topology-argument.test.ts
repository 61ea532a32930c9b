import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  clusterInput,
  isFile,
  readTopologyFile,
  scenarioInput,
  topologyInput,
} from '../../client/topology-argument.js';
import { EverbrokerError } from '../../core/failure.js';
import { aTopology } from '../support/topologies.js';

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'everbroker-argument-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const file = async (name: string, content: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
};

const refused = (part: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EverbrokerError);
  assert.equal(error.type, 'InvalidInput');
  assert.match(error.message, part);
  return true;
};

describe('a topology on the command line', () => {
  test('is a file when it looks like a path, else a name', () => {
    for (const argument of ['./ha-6', 'dir/ha-6', 'ha-6.yaml', 'ha-6.yml', 'ha-6.json'])
      assert.ok(isFile(argument), argument);
    for (const argument of ['ha-6', 'yaml', 'my.cluster']) assert.ok(!isFile(argument), argument);
  });

  test('goes to the worker as a name, or as the whole object with its defaults', async () => {
    assert.deepEqual(await topologyInput('ha-6'), { topology: 'ha-6' });
    assert.deepEqual(await clusterInput('ha-6'), { cluster: 'ha-6' });
    const input = await topologyInput(await file('one.json', JSON.stringify(aTopology({ name: 'one' }))));
    assert.ok(typeof input.topology === 'object');
    assert.equal(input.topology['name'], 'one');
    assert.deepEqual(input.topology['runAs'], { user: 'activemq', uid: 7616 });
  });

  test('is refused with every problem of the file, each with its path and line', async () => {
    const path = await file(
      'wrong.yaml',
      'version: 2\nname: Wrong\nactivemq: { version: 5.18.3 }\nhosts: {}\ngroups: {}\n',
    );
    await assert.rejects(readTopologyFile(path), (error) => {
      refused(/wrong\.yaml:\n/)(error);
      refused(/version \(line 1\): must be 1/)(error);
      refused(/name \(line 2\): a cluster name starts with a lower-case letter/)(error);
      return true;
    });
  });

  test('is refused when there is no such file, or it is far too large to be one', async () => {
    await assert.rejects(readTopologyFile(join(directory, 'none.yaml')), refused(/none\.yaml: there is no such file/));
    await assert.rejects(readTopologyFile(directory + '/'), refused(/there is no such file/));
    const large = await file('large.yaml', '');
    await truncate(large, 10 * 1024 * 1024);
    await assert.rejects(readTopologyFile(large), refused(/10485760 bytes; a topology has at most 1048576/));
  });
});

describe('a scenario on the command line', () => {
  const scenario = 'version: 1\nname: mine\ntarget: { role: master }\nfault: { kind: kill }\n';

  test('goes to the worker as a name, or as the whole object with its defaults', async () => {
    assert.deepEqual(await scenarioInput('kill-master'), { scenario: 'kill-master' });
    const input = await scenarioInput(await file('mine.yaml', scenario));
    assert.ok(typeof input.scenario === 'object');
    assert.deepEqual(input.scenario['fault'], { kind: 'kill' });
    assert.ok('guards' in input.scenario);
  });

  test('is refused with every problem of the file', async () => {
    const path = await file('bad.yaml', scenario.replace('kill', 'kil').replace('mine', 'Mine'));
    await assert.rejects(scenarioInput(path), refused(/bad\.yaml:\n.*name \(line 2\)[^]*fault\.kind \(line 4\)/));
    await assert.rejects(scenarioInput('./none.yaml'), refused(/no such file/));
  });
});
