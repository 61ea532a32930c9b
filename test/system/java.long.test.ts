/** Java from the distribution's packages: on hosts that have none, and beside one that is too old. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EverbrokerError } from '../../core/failure.js';
import { JAVA_LINK } from '../../core/layout.js';
import { fakeJavaImage } from '../support/java-archive.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let oldJava: { image: string; remove: () => Promise<void> };
before(async () => {
  oldJava = await fakeJavaImage(11);
  system = await System.start();
});
after(async () => {
  await system.stop();
  await oldJava.remove();
});

describe('Java from packages', () => {
  test('comes beside one that is too old, and is the one that is used', async () => {
    const topology = await system.topology({ nodesPerGroup: 1 });
    for (const host of Object.values(topology.hosts)) if (host.kind === 'docker') host.image = oldJava.image;
    const operation = await system.everbroker.deploy({ topology: { ...topology } });
    const result = await operation.result();
    assert.deepEqual(failedChecks(result.checks), []);
    const java = (await operation.progress()).steps.find((step) => step.id === 'installJava/host1');
    assert.equal(java?.status, 'done');
    assert.match(await system.sh(topology, 'host1', `readlink ${JAVA_LINK}`), /^\/usr\/lib\/jvm\/java-17-openjdk-/);
  });

  test('that do not exist fail with the words of the package manager', async () => {
    const topology = await system.topology(
      { nodesPerGroup: 1 },
      { java: { source: { kind: 'packages', package: 'openjdk-99-jre-headless' } } },
    );
    for (const host of Object.values(topology.hosts)) if (host.kind === 'docker') delete host.image;
    const operation = await system.everbroker.deploy({ topology: { ...topology } });
    await assert.rejects(operation.result(), (error) => {
      assert.ok(error instanceof EverbrokerError);
      assert.equal(error.type, 'JavaUnavailable');
      assert.match(error.message, /host1.*install openjdk-99-jre-headless/s);
      assert.match(error.message, /Unable to locate package openjdk-99-jre-headless/);
      return true;
    });
  });
});
