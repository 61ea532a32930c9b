/** A file server on the loopback address that misbehaves on request. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openArtefactCache } from '../../artefacts/cache.js';
import type { ArtefactCache } from '../../artefacts/cache.js';
import { plainHttpGet } from '../../artefacts/http.js';

export interface Loopback {
  url: (path: string) => string;
  /** Requests so far: path and the range asked for. */
  requests: { path: string; range: string | undefined }[];
  close: () => Promise<void>;
}

export interface Behaviour {
  files: Record<string, Buffer>;
  /** Closes the connection after so many bytes of each answer while the function says so. */
  cutAfter?: (request: number) => number | undefined;
  ignoresRanges?: boolean;
  headers?: Record<string, string>;
  redirects?: Record<string, string>;
}

export async function loopback(behaviour: Behaviour): Promise<Loopback> {
  const requests: Loopback['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', range: request.headers.range });
    answer(behaviour, request, { response, number: requests.length });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: (path) => `http://127.0.0.1:${port}${path}`, requests, close };
}

function answer(
  behaviour: Behaviour,
  request: IncomingMessage,
  { response, number }: { response: ServerResponse; number: number },
): void {
  const path = request.url ?? '';
  const target = behaviour.redirects?.[path];
  if (target !== undefined) return void response.writeHead(302, { location: target }).end();
  const file = behaviour.files[path];
  if (!file) return void response.writeHead(404).end();
  const from = behaviour.ignoresRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= file.length) return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
  const body = file.subarray(from);
  const range = { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` };
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': body.length,
    ...(from > 0 && range),
    ...behaviour.headers,
  });
  const cut = behaviour.cutAfter?.(number);
  if (cut === undefined) return void response.end(body);
  response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
}

/** A cache that reads plain http from the loopback server and keeps what it logs. */
export function loopbackCache(directory: string): ArtefactCache & { logged: string[] } {
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const allowedUrls = ['http://127.0.0.1:*/*'];
  const env = { PATH: '' };
  return { ...openArtefactCache({ directory, get: plainHttpGet, allowedUrls, env, log }), logged };
}
