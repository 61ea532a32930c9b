/**
 * Reading an URL with node:https. Not `fetch`: that unpacks a body that a server marks as `Content-Encoding: x-gzip`,
 * as Apache servers do with .tar.gz files, and then neither checksum nor ranges fit.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { EverbrokerError } from '../core/failure.js';
import { assertUrlAllowed } from './url-policy.js';

export interface HttpRequest {
  headers?: Record<string, string>;
  /** How long connecting and the wait for the answer's head may last without a sign of life. */
  connectMs: number;
  /** How long the server may be silent in the middle of the body. Default 30 s. */
  silenceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One request, no redirects followed. */
export type HttpGet = (url: string, options: HttpRequest) => Promise<IncomingMessage>;

const SILENCE_MS = 30_000;

export const httpsGet: HttpGet = (url, options) => get(httpsRequest, url, options);
/** For a loopback server in tests. */
export const plainHttpGet: HttpGet = (url, options) => get(httpRequest, url, options);

function get(request: typeof httpsRequest, url: string, options: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'everbroker', 'accept-encoding': 'identity', ...options.headers };
    // An agent of its own for each request: no idle connection keeps a finished process alive.
    const sent = request(url, { headers, agent: false, timeout: options.connectMs, signal: options.signal });
    sent.on('timeout', () => sent.destroy(new Error('the server is silent')));
    sent.on('response', (response) => {
      response.socket.setTimeout(options.silenceMs ?? SILENCE_MS);
      resolve(response);
    });
    sent.on('error', reject).end();
  });
}

const MAX_REDIRECTS = 5;

/** Follows redirects, each of which must be allowed too: else an allowed URL could lead anywhere inside the network. */
export async function getAllowed(
  source: { url: string; get: HttpGet; allowedUrls: readonly string[] | undefined },
  options: HttpRequest,
): Promise<IncomingMessage> {
  let url = source.url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    assertUrlAllowed(url, source.allowedUrls);
    const response = await source.get(url, options);
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    if (!URL.canParse(location, url)) break;
    url = new URL(location, url).href;
  }
  throw new EverbrokerError('ArtefactUnavailable', `${source.url}: too many or broken redirects`, { url: source.url });
}

/** A small text such as a checksum file; undefined when the server does not have it. */
export async function getText(
  source: { url: string; get: HttpGet; allowedUrls: readonly string[] | undefined },
  options: HttpRequest,
): Promise<string | undefined> {
  const response = await getAllowed(source, options);
  if (response.statusCode !== 200 || Number(response.headers['content-length'] ?? 0) > 10_000) {
    response.destroy();
    return undefined;
  }
  return text(response);
}
