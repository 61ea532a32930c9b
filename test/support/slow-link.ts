/** A TCP proxy on this machine whose every byte may be held back, in order: a link with a real delay. */
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface SlowLink {
  port: number;
  /** Of what comes from now on, in each direction. */
  delayMs: number;
  close(): void;
}

/** @param listen Address of this machine that the dialling end reaches. */
export function openSlowLink(listen: string, target: { host: string; port: number }): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  const link: SlowLink = { port: 0, delayMs: 0, close: () => undefined };
  const server = createServer((near) => {
    const far = connect(target);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    forward(near, far, link);
    forward(far, near, link);
  });
  link.close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, listen, () => resolve(Object.assign(link, { port: (server.address() as AddressInfo).port })));
  });
}

function forward(from: Socket, to: Socket, link: SlowLink): void {
  let last = Promise.resolve();
  const later = (deed: () => void): void => {
    const due = Date.now() + link.delayMs;
    last = last.then(async () => {
      // unref: what is held back for minutes must not keep the tests from ending
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())).unref());
      deed();
    });
  };
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  // a far end that refuses is told to the near one at once
  from.on('error', () => to.destroy());
}
