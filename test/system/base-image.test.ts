import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { dockerClient } from '../../hosts/docker-client.js';
import { BASE_IMAGE, ensureBaseImage, hasBaseImage } from '../../images/base-image.js';
import { commitWith, imageId, imageLabel } from '../../images/build-container.js';
import { JRE_IMAGE, jreImage } from '../../images/jre-image.js';

const engine = dockerClient();
const log = (): void => undefined;

async function inside(image: string, script: string): Promise<{ exitCode: number; output: string }> {
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const options = { Tty: true, HostConfig: { AutoRemove: true } };
  const [result] = await engine.docker.run(image, ['sh', '-c', script], output, options);
  return { exitCode: result.StatusCode, output: text.trim() };
}

describe('the base image', () => {
  test('is made once: a second time the engine’s own is taken', async () => {
    assert.equal(await ensureBaseImage({ engine, log }), BASE_IMAGE);
    const id = await imageId(engine, BASE_IMAGE);
    assert.ok(id);
    await ensureBaseImage({ engine, log });
    assert.equal(await imageId(engine, BASE_IMAGE), id);
    assert.equal(await hasBaseImage(engine), true);
  });

  test('is a Debian 12 with the agent’s tools, without Java and without lists of packages', async () => {
    const tools = 'for tool in setpriv flock tar gzip sha256sum; do command -v $tool >/dev/null || echo no $tool; done';
    const script = `. /etc/os-release; echo $VERSION_CODENAME; ${tools}; command -v java; ls /var/lib/apt/lists; true`;
    assert.deepEqual(await inside(BASE_IMAGE, script), { exitCode: 0, output: 'bookworm' });
  });

  test('reaches Debian’s packages, with updates and security', async () => {
    const { exitCode, output } = await inside(
      BASE_IMAGE,
      'apt-get update -q && apt-cache policy openjdk-17-jre-headless',
    );
    assert.equal(exitCode, 0, output);
    assert.match(output, /bookworm-security/);
    assert.match(output, /Candidate: 17\./);
  });

  test('has a sibling with a JRE, for tests that are not about installing it', async () => {
    assert.equal(await jreImage.ensure({ engine, log }), JRE_IMAGE);
    const { exitCode, output } = await inside(JRE_IMAGE, 'java -version');
    assert.equal(exitCode, 0, output);
    assert.match(output, /version "17\./);
  });

  test('is not kept when its script fails, and leaves no container behind', async () => {
    const to = `everbroker/failed-${randomUUID().slice(0, 8)}:1`;
    const recipe = { from: BASE_IMAGE, to, script: 'echo it broke >&2; exit 3', labels: {} };
    await assert.rejects(commitWith({ engine }, recipe), /exit code 3\n.*it broke/);
    assert.equal(await imageId(engine, to), null);
    const filters = { label: [`everbroker.image-build=${to}`] };
    assert.deepEqual(await engine.docker.listContainers({ all: true, filters }), []);
  });

  test('tells nothing of an image that is not there', async () => {
    assert.equal(await imageLabel(engine, 'everbroker/none:1', 'x'), undefined);
  });
});
