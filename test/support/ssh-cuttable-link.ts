/** A TCP proxy in this process whose connections can be cut as a network cuts them: with a reset, or by silence. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttableLink {
  port: number;
  /** How many connections were made so far. */
  connections: () => number;
  /** Bytes that went through so far, to the host. */
  bytes: () => number;
  /** All connections end with a reset. */
  cut(): void;
  /** Nothing goes through any more and nothing says so; new connections pass. */
  freeze(): void;
  close(): Promise<void>;
}

export async function cuttableLink(to: { address: string; port: number }): Promise<CuttableLink> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let connections = 0;
  let bytes = 0;
  const server = createServer((near) => {
    connections++;
    const far = connect({ host: to.address, port: to.port, noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (chunk) => (bytes += chunk.length));
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    bytes: () => bytes,
    cut: () => {
      for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
    },
    async close() {
      for (const sockets of pairs) for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
