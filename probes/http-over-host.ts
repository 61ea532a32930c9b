/** HTTP to a port of a host, whatever the host's streams are made of. */
import { Agent, request, type AgentOptions, type ClientRequest } from 'node:http';
import { connect } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Login } from '../core/secrets.js';
import type { Host } from '../hosts/host.js';

export interface HttpAnswer {
  status: number;
  body: string;
}

/** Bodies are small; what is longer comes from something else. */
const MOST_BYTES = 1024 * 1024;

export interface HostHttpOptions {
  port: number;
  timeoutMs: number;
  signal: AbortSignal;
  /** Certificate of the authority to trust, PEM: the port speaks TLS. */
  ca?: string | undefined;
}

/** Requests one after the other over one stream of the host, kept open between them. */
export class HostHttp extends Agent {
  readonly #host: Host;
  readonly #port: number;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #ca: string | undefined;

  constructor(host: Host, { port, timeoutMs, signal, ca }: HostHttpOptions) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#host = host;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#ca = ca;
    this.#signal = signal;
  }

  override createConnection(
    _options: AgentOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#host.open(this.#port, { timeoutMs: this.#timeoutMs, signal: this.#signal }).then(
      (stream) => callback?.(null, withSocketMethods(this.#ca === undefined ? stream : encrypted(stream, this.#ca))),
      // on an error the callback's second argument is not looked at
      (error: unknown) => callback?.(error instanceof Error ? error : new Error(String(error)), undefined as never),
    );
    return undefined;
  }

  /** @throws the request's error, or the signal's reason. */
  get(path: string, { login, origin }: { login: Login; origin: string }): Promise<HttpAnswer> {
    const basic = Buffer.from(`${login.user}:${login.password}`).toString('base64');
    return new Promise((resolve, reject) => {
      const sent = request({
        agent: this,
        host: this.#host.name,
        path,
        headers: { host: `localhost:${this.#port}`, origin, authorization: `Basic ${basic}` },
        signal: this.#signal,
      });
      collect(sent).then(resolve, reject);
      sent.end();
    });
  }
}

function collect(sent: ClientRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) response.destroy(new Error(`an answer of more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
  });
}

/** Every certificate is for localhost too, whatever way the stream takes into the host. */
const encrypted = (stream: Duplex, ca: string): Duplex =>
  connect({ socket: stream, ca, servername: 'localhost', minVersion: 'TLSv1.2' });

/** node:http asks these of any stream; an SSH channel or a pipe has none of them and needs none. */
function withSocketMethods(stream: Duplex): Duplex {
  const nothing = () => stream;
  const missing = ['setTimeout', 'setKeepAlive', 'setNoDelay', 'ref', 'unref'].filter((name) => !(name in stream));
  return Object.assign(stream, Object.fromEntries(missing.map((name) => [name, nothing])));
}
