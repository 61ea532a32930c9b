/** The proof of a store's lock on real hosts: containers that share a directory, do not, or only seem to. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { proveLockOf, type LockQuestion } from '../../core/health/lock-proof.js';
import { PROBE_DIR } from '../../core/layout.js';
import { PROBE_JAR, probeFiles } from '../../activities/probe-files.js';
import { dockerClient } from '../../hosts/docker-client.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { run } from '../../hosts/run.js';
import { putFiles } from '../../hosts/transfer.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { askLock } from '../../probes/lock-probe.js';

const { docker } = dockerClient();
const NAME = `t-lock-${randomUUID().slice(0, 8)}`;
const UID = 7616;
const STORE = '/mnt/store';
const REAL = `${NAME}-real`;
const OTHER = `${NAME}-other`;

/** By name: what each has mounted. */
const MOUNTS: Record<string, Record<string, string>> = {
  one: { [STORE]: REAL },
  same: { [STORE]: REAL },
  other: { [STORE]: OTHER },
  /** Gets copies, as from tools that mirror directories. */
  mirror: { [STORE]: `${NAME}-copy`, '/mnt/original': REAL },
};
const hosts = new Map<string, Host>();
let javaHome: string;

before(async () => {
  const jar = await readFile(new URL('../../dist/probe/everbroker-probe.jar', import.meta.url));
  for (const [name, mounts] of Object.entries(MOUNTS)) {
    const made = await docker.createContainer({
      name: `${NAME}-${name}`,
      Image: JRE_IMAGE,
      Cmd: ['sleep', 'infinity'],
      HostConfig: {
        Init: true,
        NetworkMode: 'none',
        Mounts: Object.entries(mounts).map(([path, volume]) => ({ Type: 'volume', Source: volume, Target: path })),
      },
    });
    await made.start();
    const host = openDockerHost({ container: `${NAME}-${name}`, name });
    await sh(host, `mkdir -p ${PROBE_DIR} && chown ${UID}:${UID} ${STORE} && chmod 0750 ${STORE}`);
    await putFiles(host, probeFiles(jar), { timeoutMs: 60_000 });
    hosts.set(name, host);
  }
  javaHome = (await sh(hostOf('one'), 'dirname "$(dirname "$(readlink -f "$(command -v java)")")"')).trim();
});

after(async () => {
  for (const name of Object.keys(MOUNTS)) {
    await docker
      .getContainer(`${NAME}-${name}`)
      .remove({ force: true })
      .catch(() => undefined);
  }
  for (const volume of new Set(Object.values(MOUNTS).flatMap((mounts) => Object.values(mounts)))) {
    await docker
      .getVolume(volume)
      .remove()
      .catch(() => undefined);
  }
});

function hostOf(name: string): Host {
  const host = hosts.get(name);
  assert.ok(host);
  return host;
}

const sh = async (host: Host, script: string): Promise<string> =>
  (await run(host, ['sh', '-c', script], { timeoutMs: 30_000 })).stdout;

/** `after` is called when a host has answered a question. */
async function prove(names: string[], after?: (host: string, question: LockQuestion) => Promise<void>) {
  const probe = { javaHome, jar: PROBE_JAR, uid: UID, directory: STORE, id: randomUUID() };
  const ask = async (name: string, question: LockQuestion) => {
    const answer = await askLock(hostOf(name), question, { probe, signal: AbortSignal.timeout(60_000) });
    await after?.(name, question);
    return answer;
  };
  const fault = await proveLockOf({ group: 'g1', directory: STORE, hosts: names, ask });
  for (const name of names) await ask(name, 'remove');
  return fault === null ? 'none' : `${fault.type}: ${fault.message}`;
}

describe('the lock of a store', () => {
  test('is proved between two hosts that share its volume, and nothing of the proof stays', async () => {
    assert.equal(await prove(['one', 'same']), 'none');
    for (const name of ['one', 'same']) {
      const left = `find ${STORE} -mindepth 1; ls ${PROBE_DIR}; grep -lz 'LockProb[e]' /proc/[0-9]*/cmdline 2>/dev/null || :`;
      assert.deepEqual((await sh(hostOf(name), left)).trim().split('\n').toSorted(), ['everbroker-probe.jar', 'hash']);
    }
  });

  test('is held and tried by the user of the brokers', async () => {
    let owner = '';
    await prove(['one', 'same'], async (host, question) => {
      if (question === 'hold') owner = await sh(hostOf(host), `stat -c %u ${STORE}/.everbroker-lock-*`);
    });
    assert.equal(owner.trim(), String(UID));
  });

  test('is refused between two hosts that each have a volume of their own', async () => {
    assert.match(
      await prove(['one', 'other']),
      /^StoreNotShared: the store of g1, \/mnt\/store is another directory on other than on one/,
    );
  });

  test('is refused where the files are copied, and so are seen, but no lock is', async () => {
    const copied = await prove(['one', 'mirror'], async (host, question) => {
      if (question === 'hold') await sh(hostOf('mirror'), `cp -p /mnt/original/.everbroker-lock-* ${STORE}/`);
    });
    assert.match(copied, /^LockNotShared: .*mirror took the lock that one holds/);
  });

  test('is refused where the user of the brokers may not write', async () => {
    await sh(hostOf('one'), `chown 0:0 ${STORE}`);
    try {
      assert.match(
        await prove(['one', 'same']),
        /^LockNotShared: .*no lock can be taken on one: AccessDeniedException/,
      );
    } finally {
      await sh(hostOf('one'), `chown ${UID}:${UID} ${STORE}`);
    }
  });

  test('is not called broken when only its holder has died', async () => {
    const killed = prove(['one', 'same'], async (host, question) => {
      if (question === 'hold') {
        await sh(hostOf(host), "kill -9 $(grep -lz 'LockProb[e]' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3)");
      }
    });
    assert.match(await killed, /^CommandFailed: one lost the lock/);
  });
});
