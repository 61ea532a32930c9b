import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { EverbrokerError } from '../../core/failure.js';
import type { Host } from '../../hosts/host.js';
import { readBroker, type ReadBrokerOptions } from '../../probes/jolokia.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/jolokia/${name}.json`, import.meta.url), 'utf8');

/** A host whose streams are no sockets, as an SSH channel is none. Counts how often it was opened. */
function aHost(): Host & { opened: number } {
  const host = {
    name: 'here',
    opened: 0,
    exec: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
    open(port: number): Promise<Duplex> {
      host.opened += 1;
      return new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(Duplex.from({ readable: socket, writable: socket })));
        socket.once('error', (error: NodeJS.ErrnoException) =>
          reject(new EverbrokerError('HostUnreachable', error.message, { code: error.code })),
        );
      });
    },
  };
  return host;
}

const answerAll: RequestListener = (request, response) => {
  const path = request.url ?? '';
  const name = path.includes('networkBridge') ? 'no-bridges' : path.includes('Health') ? 'health' : 'broker';
  response.end(fixture(name));
};

async function readFrom(listener: RequestListener, change: Partial<ReadBrokerOptions> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const host = aHost();
  const login = { user: 'ops', password: 'p:ä' };
  try {
    const { port } = server.address() as AddressInfo;
    return { reading: await readBroker(host, { port, login, timeoutMs: 5_000, ...change }), opened: host.opened };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('reading a broker over a host’s stream', () => {
  test('reads all over one connection, with login and origin', async () => {
    const requests: IncomingMessage[] = [];
    const { reading, opened } = await readFrom((request, response) => {
      requests.push(request);
      void answerAll(request, response);
    });
    assert.ok(reading.state === 'answered', JSON.stringify(reading));
    assert.equal(reading.broker.brokerName, 'brokerA');
    assert.equal(reading.broker.status, 'Good');
    assert.deepEqual(reading.broker.bridges, []);
    assert.equal(requests.length, 3);
    assert.equal(opened, 1);
    for (const { headers } of requests) {
      assert.equal(headers.authorization, `Basic ${Buffer.from('ops:p:ä').toString('base64')}`);
      assert.ok(headers.origin);
    }
  });

  test('opens again when the server closes after each answer', async () => {
    const { reading, opened } = await readFrom((request, response) => {
      response.setHeader('connection', 'close');
      void answerAll(request, response);
    });
    assert.equal(reading.state, 'answered');
    assert.equal(opened, 3);
  });

  test('calls wrong credentials so', async () => {
    const { reading } = await readFrom((_, response) => response.writeHead(401).end());
    assert.deepEqual(reading, { state: 'unauthorized' });
  });

  test('calls Jolokia’s refusal within HTTP 200 unexpected, and says what it was', async () => {
    const { reading } = await readFrom((_, response) => response.end('{"status":403,"error":"Origin null"}'));
    assert.deepEqual(reading, { state: 'unexpected', httpStatus: 200, detail: 'Jolokia 403: Origin null' });
  });

  test('calls other answers of HTTP unexpected', async () => {
    const { reading } = await readFrom((_, response) => response.writeHead(503).end());
    assert.deepEqual(reading, { state: 'unexpected', httpStatus: 503, detail: 'HTTP 503' });
  });

  test('calls a server that accepts and never answers a timeout', async () => {
    const { reading } = await readFrom(() => undefined, { timeoutMs: 200 });
    assert.deepEqual(reading, { state: 'timeout' });
  });

  test('calls a port that hangs up without an answer refused, as a port proxy does for a closed one', async () => {
    const { reading } = await readFrom((request) => request.socket.destroy());
    assert.equal(reading.state, 'refused', JSON.stringify(reading));
  });

  test('calls a port without a listener refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const reading = await readBroker(aHost(), { port, login: { user: 'u', password: 'p' }, timeoutMs: 5_000 });
    assert.deepEqual(reading, { state: 'refused', detail: 'ECONNREFUSED' });
  });

  test('throws when the host itself is gone, and the reason when cancelled', async () => {
    const gone = new EverbrokerError('HostUnreachable', 'no container');
    const host: Host = { ...aHost(), open: () => Promise.reject(gone) };
    const options = { port: 1, login: { user: 'u', password: 'p' }, timeoutMs: 5_000 };
    await assert.rejects(readBroker(host, options), gone);
    const cancelling = new AbortController();
    const reason = new Error('cancelled');
    await assert.rejects(
      readFrom(() => cancelling.abort(reason), { signal: cancelling.signal }),
      reason,
    );
  });
});
