import { connect, createServer, type Server } from 'node:net';

export interface TemporalPorts {
  port: number;
  uiPort: number;
}

/** The wanted ports of the loopback where they are free, else free ones (0: any). Both differ. */
export async function choosePorts(wanted: TemporalPorts): Promise<TemporalPorts> {
  // Both are held until both are chosen, so that the system does not give the same one twice.
  const first = await bind(wanted.port);
  const second = await bind(wanted.uiPort);
  const chosen = { port: portOf(first), uiPort: portOf(second) };
  await Promise.all([first, second].map((server) => new Promise((resolve) => server.close(resolve))));
  return chosen;
}

/** Whether something accepts a connection there within `timeoutMs`. */
export function answersTcp(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false));
  });
}

async function bind(port: number): Promise<Server> {
  try {
    return await listen(port);
  } catch (error) {
    if (port === 0) throw error;
    return listen(0);
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
