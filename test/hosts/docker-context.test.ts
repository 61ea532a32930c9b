import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { EverbrokerError } from '../../core/failure.js';
import { currentContext } from '../../hosts/docker-context.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';

const directory = mkdtempSync(join(tmpdir(), 'everbroker-context-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A home with docker's configuration: the current context, and contexts with their addresses. */
function home(name: string, current: string | null, contexts: Record<string, string> = {}): string {
  const root = join(directory, name);
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, '.docker', path)), { recursive: true });
    writeFileSync(join(root, '.docker', path), text);
  };
  put('config.json', JSON.stringify(current === null ? { auths: {} } : { currentContext: current }));
  for (const [context, address] of Object.entries(contexts)) {
    const id = createHash('sha256').update(context).digest('hex');
    const docker = { Host: address, SkipTLSVerify: false };
    put(`contexts/meta/${id}/meta.json`, JSON.stringify({ Name: context, Endpoints: { docker } }));
    if (context === 'secure')
      for (const file of ['ca', 'cert', 'key']) put(`contexts/tls/${id}/docker/${file}.pem`, file);
  }
  return root;
}

const CONTEXTS = { colima: 'unix:///colima.sock', lab: 'tcp://lab:2375', secure: 'tcp://lab:2376' };

describe('the engine that docker itself would use', () => {
  test('is the one in DOCKER_HOST, whatever context there is', () => {
    const HOME = home('host', 'lab', CONTEXTS);
    const env = { HOME, DOCKER_HOST: 'tcp://elsewhere:2375', DOCKER_CONTEXT: 'colima' };
    assert.deepEqual(currentContext(env), { address: 'tcp://elsewhere:2375' });
  });
  test('is the one of DOCKER_CONTEXT before that of the current context', () => {
    const HOME = home('variable', 'lab', CONTEXTS);
    assert.equal(currentContext({ HOME, DOCKER_CONTEXT: 'colima' }).address, 'unix:///colima.sock');
    assert.equal(currentContext({ HOME }).address, 'tcp://lab:2375');
  });
  test('is this machine’s without a context and with the one called default', () => {
    const machine = 'unix:///var/run/docker.sock';
    assert.equal(currentContext({ HOME: home('none', null) }).address, machine);
    assert.equal(currentContext({ HOME: join(directory, 'nowhere') }).address, machine);
    const HOME = home('default', 'default', CONTEXTS);
    assert.equal(currentContext({ HOME }).address, machine);
    assert.equal(currentContext({ HOME: home('lab', 'lab', CONTEXTS), DOCKER_CONTEXT: 'default' }).address, machine);
  });
  test('is Docker Desktop’s where its socket lies below the home directory', () => {
    const HOME = home('desktop', null);
    mkdirSync(join(HOME, '.docker', 'run'), { recursive: true });
    writeFileSync(join(HOME, '.docker', 'run', 'docker.sock'), '');
    assert.equal(currentContext({ HOME }).address, `unix://${HOME}/.docker/run/docker.sock`);
  });
  test('is looked for where DOCKER_CONFIG says', () => {
    const HOME = home('config', 'colima', CONTEXTS);
    const env = { HOME: join(directory, 'nowhere'), DOCKER_CONFIG: join(HOME, '.docker') };
    assert.equal(currentContext(env).address, 'unix:///colima.sock');
  });
  test('comes with the certificates of its context', () => {
    const { address, tls } = currentContext({ HOME: home('tls', 'secure', CONTEXTS) });
    assert.equal(address, 'tcp://lab:2376');
    assert.deepEqual([tls?.ca, tls?.cert, tls?.key].map(String), ['ca', 'cert', 'key']);
  });
  test('cannot be told when its context is gone: the message names it', () => {
    assert.throws(
      () => currentContext({ HOME: home('gone', 'lost', CONTEXTS) }),
      (error) =>
        error instanceof EverbrokerError && error.type === 'InvalidInput' && /context lost/.test(error.message),
    );
  });

  test('is the one that is asked when no address is given', async (t) => {
    const answer: RequestListener = (_, response) =>
      response.setHeader('content-type', 'application/json').end('{"ID":"theirs"}');
    const server = createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => server.close());
    const address = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { DOCKER_HOST, HOME } = process.env;
    t.after(() => {
      process.env['HOME'] = HOME;
      if (DOCKER_HOST !== undefined) process.env['DOCKER_HOST'] = DOCKER_HOST;
    });
    delete process.env['DOCKER_HOST'];
    process.env['HOME'] = home('asked', 'test', { test: address });
    const engine = openDockerEngine();
    assert.deepEqual([engine.address, await engine.id()], [address, 'theirs']);
  });
});
