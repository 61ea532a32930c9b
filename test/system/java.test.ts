/** The Java step with an archive: refused when it is not what its checksum says, unpacked once, used, and put right again. */
import assert from 'node:assert/strict';
import { link, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EverbrokerError } from '../../core/failure.js';
import { JAVA_LINK, javaHome } from '../../core/layout.js';
import { stateLayout } from '../../core/state-layout.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { clusterText } from '../support/cluster-text.js';
import { fakeJavaImage, packJava, type JavaArchive } from '../support/java-archive.js';
import { System, failedChecks } from '../support/system.js';
import type { Topology } from '../../core/topology/topology.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

let system: System;
let cache = '';
let archive: JavaArchive;
let oldJava: { image: string; remove: () => Promise<void> };
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'everbroker-java-'));
  [archive, oldJava] = await Promise.all([packJava(cache), fakeJavaImage(11), fillCache(cache)]);
  system = await System.start({ env: { EVERBROKER_CACHE: cache } });
});
after(async () => {
  await system.stop();
  await oldJava.remove();
  await rm(cache, { recursive: true, force: true });
});

describe('Java from an archive', () => {
  let topology: Topology;
  const step = async (deploy: Topology, id: string) => {
    const operation = await system.everbroker.deploy({ topology: { ...deploy } });
    const result = await operation.result();
    return { result, step: (await operation.progress()).steps.find((one) => one.id === id) };
  };

  test('is refused when its checksum is another, before anything is unpacked', async () => {
    topology = await system.topology({ nodesPerGroup: 1 }, { java: { source: { kind: 'file', ...archive } } });
    withImage(topology, oldJava.image);
    const wrong = structuredClone(topology);
    wrong.java.source = { kind: 'file', file: archive.file, sha512: 'a'.repeat(128) };
    const operation = await system.everbroker.deploy({ topology: wrong });
    await assert.rejects(operation.result(), (error) => {
      assert.ok(error instanceof EverbrokerError);
      assert.equal(error.type, 'ArtefactCorrupt');
      assert.match(error.message, new RegExp(`its sha512 is ${archive.sha512}, not aaaa`));
      return true;
    });
    const { steps } = await operation.progress();
    assert.equal(steps.find((one) => one.id === 'installJava/host1')?.status, 'failed');
    await system.sh(topology, 'host1', `test ! -e ${topology.root}/.java`);
  });

  test('replaces one that is too old, and the broker runs on it', async () => {
    const { result, step: java } = await step(topology, 'installJava/host1');
    assert.deepEqual(failedChecks(result.checks), []);
    assert.equal(java?.status, 'done');
    assert.equal(java.note, 'Java 17');
    const home = javaHome(topology, archive.sha512);
    assert.equal(await system.sh(topology, 'host1', `readlink ${JAVA_LINK}`), `${home}\n`);
    // As the broker's user: root in a container may not look.
    const programs = 'setpriv --reuid=7616 --regid=7616 --clear-groups readlink /proc/[0-9]*/exe || :';
    assert.ok((await system.sh(topology, 'host1', programs)).split('\n').includes(`${home}/bin/java`));
    await system.sh(topology, 'host1', `test -f ${home}/.complete`);
  });

  test('is linked again and not unpacked again when the link is gone; the broker runs on', async () => {
    const home = javaHome(topology, archive.sha512);
    const unpacked = await system.sh(topology, 'host1', `stat -c '%i %Z' ${home}/.complete`);
    const before = await clusterText(system, topology);
    await system.sh(topology, 'host1', `rm ${JAVA_LINK}`);
    const { step: java } = await step(topology, 'installJava/host1');
    assert.equal(java?.status, 'done');
    assert.equal(await system.sh(topology, 'host1', `readlink ${JAVA_LINK}`), `${home}\n`);
    assert.equal(await system.sh(topology, 'host1', `stat -c '%i %Z' ${home}/.complete`), unpacked);
    assert.equal(await clusterText(system, topology), before);
  });

  test('is left alone where the image has a Java that is new enough', async () => {
    withImage(topology, JRE_IMAGE);
    const { result, step: java } = await step(topology, 'installJava/host1');
    assert.equal(result.outcome, 'deployed');
    assert.equal(java?.status, 'unchanged');
    assert.match(java.note ?? '', /^Java 17 at \/usr\/lib\/jvm\//);
    await system.sh(topology, 'host1', `test ! -e ${topology.root}/.java`);
  });

  test('is not enough when it is older than the topology wants', async () => {
    const newer = structuredClone(topology);
    newer.java.minimum = 21;
    const operation = await system.everbroker.deploy({ topology: newer });
    await assert.rejects(operation.result(), (error) => {
      assert.ok(error instanceof EverbrokerError);
      assert.equal(error.type, 'JavaUnavailable');
      assert.match(error.message, /host1: after installing there is Java 17, wanted is 21 or newer/);
      return true;
    });
  });
});

function withImage(topology: Topology, image: string): void {
  for (const host of Object.values(topology.hosts)) if (host.kind === 'docker') host.image = image;
}

/** The distribution, so that it is not fetched again; links where the file system has them. */
async function fillCache(directory: string): Promise<void> {
  const from = stateLayout(process.env, PROJECT).cache;
  const files = await readdir(from, { recursive: true });
  for (const file of files.filter((name) => /^(prepared\/)?apache-activemq-5\.18\.3[^/]*$/.test(name))) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await link(join(from, file), join(directory, file)).catch(() => copyFile(join(from, file), join(directory, file)));
  }
}
