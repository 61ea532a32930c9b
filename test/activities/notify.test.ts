import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { notify } from '../../activities/drills/notify.js';
import { EverbrokerError } from '../../core/failure.js';
import { aParsedTopology } from '../support/topologies.js';

interface Call {
  headers: IncomingHttpHeaders;
  body: string;
}

async function webhook(t: TestContext, status = 204): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      calls.push({ headers: request.headers, body });
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, calls };
}

const EVENT = { event: 'verification', cluster: 'test', verdict: 'failed', workflowId: 'w', failed: [] } as const;
const deps = {
  permit: () => undefined,
  resolveSecret: (reference: string) => Promise.resolve(reference === 'env:EVERBROKER_HOOK' ? 'key' : ''),
} as unknown as Deps;
const never = new AbortController().signal;
const call = (url: string, secret?: string): Promise<{ status: number }> => {
  const topology = aParsedTopology({}, { notify: { webhook: { url, ...(secret === undefined ? {} : { secret }) } } });
  return notify(deps, { topology, event: EVENT }, never);
};

describe('a webhook', () => {
  test('gets the event as JSON, with a signature over time and body that its secret verifies', async (t) => {
    const { url, calls } = await webhook(t);
    assert.deepEqual(await call(url, 'env:EVERBROKER_HOOK'), { status: 204 });
    const [got] = calls;
    assert.deepEqual(JSON.parse(got?.body ?? ''), EVENT);
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got?.headers['x-everbroker-signature'])) ?? [];
    assert.equal(mac, createHmac('sha256', 'key').update(`${seconds}.${got?.body}`).digest('hex'));
  });

  test('without a secret gets no signature', async (t) => {
    const { url, calls } = await webhook(t);
    await call(url);
    assert.equal(calls[0]?.headers['x-everbroker-signature'], undefined);
  });

  test('that answers with an error, is away, or redirects is tried again', async (t) => {
    const broken = await webhook(t, 500);
    const moved = await webhook(t, 302);
    for (const url of [broken.url, moved.url, 'http://127.0.0.1:1/hook'])
      await assert.rejects(
        call(url),
        (error: unknown) => error instanceof EverbrokerError && error.type === 'WebhookFailed',
      );
    assert.equal(moved.calls.length, 1, 'a redirect is not followed');
  });

  test('is not called when the topology names none', async () => {
    assert.deepEqual(await notify(deps, { topology: aParsedTopology(), event: EVENT }, never), { status: 0 });
  });
});
