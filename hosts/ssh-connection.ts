/** One connection to an SSH server: channels on it, its liveness, its end. Commands and pooling are above. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { dial, logIn } from './ssh-client.js';
import { ChannelRefused, LinkLost } from './ssh-errors.js';
import { ForwardedStream } from './ssh-forward.js';
import { endpointOf, type SshLogin, type SshRoute } from './ssh-login.js';
import { Slots } from './ssh-slots.js';

/**
 * The server is asked for a sign of life every second; after so many seconds in which not one byte came, the link is
 * dead. Counted in ticks of this process: if it was itself held up, that is not the server's silence.
 */
const SILENT_TICKS = 6;
const TICK_MS = 1_000;
/** Between two uses. Logging in anew takes 100 to 200 ms. */
const IDLE_MS = 15_000;
/** A session that has just ended may still count on the server. */
const REFUSED_PAUSE_MS = 100;
const REFUSED_ATTEMPTS = 50;

interface Made {
  socket: Duplex;
  login: SshLogin;
  outer: SshConnection | undefined;
  route: SshRoute;
}

export class SshConnection {
  readonly #client: Client;
  readonly #socket: Duplex;
  readonly #login: SshLogin;
  readonly #route: SshRoute;
  /** The jump host's connection, which this one goes through. */
  readonly #outer: SshConnection | undefined;
  readonly #slots = new Slots();
  #sessions = 0;
  #users = 0;
  #broken: Error | undefined;
  #idle: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Whoever waits for an answer; a promise that all of them raced would keep every answer in memory. */
  readonly #waiting = new Set<(error: Error) => void>();

  private constructor(client: Client, made: Made) {
    this.#client = client;
    this.#socket = made.socket;
    this.#login = made.login;
    this.#route = made.route;
    this.#outer = made.outer;
    client.on('error', (error) => this.#end(error.message));
    client.on('end', () => this.#end('the connection was closed'));
    client.on('close', () => this.#end('the connection was closed'));
    this.#listen();
    this.#rest();
  }

  /** @throws EverbrokerError HostKeyRefused | LoginRefused; LinkLost */
  static async open({ login, jumps }: SshRoute): Promise<SshConnection> {
    let outer: SshConnection | undefined;
    try {
      for (const hop of [...jumps, login]) {
        const socket: Duplex = outer ? await outer.forward(hop.address, hop.port) : await dial(hop);
        outer = new SshConnection(await logIn(socket, hop), { socket, login: hop, outer, route: { login, jumps } });
      }
    } catch (error) {
      outer?.close();
      throw error;
    }
    if (!outer) throw new Error('a route has at least its host');
    return outer;
  }

  /** A second connection to the same host, which the caller has to close. */
  another(): Promise<SshConnection> {
    return SshConnection.open(this.#route);
  }

  get isOpen(): boolean {
    return this.#broken === undefined;
  }

  /** Where the server is, as far as this machine dialled it itself. */
  get remoteAddress(): string {
    const address: unknown = Reflect.get(this.#socket, 'remoteAddress');
    return typeof address === 'string' ? address : this.#login.address;
  }

  /**
   * Starts a command line when the server has room for it. The caller has to call `release` at its end.
   * @throws LinkLost | ChannelRefused
   */
  async start(
    line: string,
    options: { urgent?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<{ channel: ClientChannel; release: () => void }> {
    this.#use();
    const release = once(() => this.#rest());
    try {
      for (let attempt = 1; ; attempt++) {
        await this.#orLost(this.#slots.take(options));
        const free = once(() => this.#slots.free());
        try {
          const channel = await this.#channel((done) => this.#client.exec(line, done), {
            signal: options.signal,
            onOpen: (opened) => {
              this.#sessions++;
              opened.once('close', () => {
                this.#sessions--;
                free();
              });
            },
          });
          return { channel, release };
        } catch (error) {
          if (!(error instanceof Cancelled)) free();
          if (error instanceof Cancelled) throw error.cause;
          if (!(error instanceof ChannelRefused) || options.urgent || attempt === REFUSED_ATTEMPTS) throw error;
          this.#slots.learn(this.#sessions);
          await delay(REFUSED_PAUSE_MS, undefined, { signal: options.signal });
        }
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  /** @throws LinkLost | ChannelRefused when nobody listens there, or the server forbids it. */
  async forward(address: string, port: number): Promise<Duplex> {
    this.#use();
    try {
      const channel = await this.#channel((done) => this.#client.forwardOut('127.0.0.1', 0, address, port, done), {
        onOpen: () => undefined,
      });
      channel.once('close', () => this.#rest());
      return new ForwardedStream(channel, () => this.#broken);
    } catch (error) {
      this.#rest();
      throw error;
    }
  }

  /** Why the link is gone, if it is. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  close(): void {
    this.#broken ??= new LinkLost(`${endpointOf(this.#login)}: the connection was closed here`);
    clearTimeout(this.#idle);
    this.#client.end();
    this.#outer?.close();
  }

  /** A channel that opens after its caller went away is closed: no command on it has begun. */
  async #channel(
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    { signal, onOpen }: { signal?: AbortSignal | undefined; onOpen: (channel: ClientChannel) => void },
  ): Promise<ClientChannel> {
    if (this.#broken) throw this.#broken;
    const opened = new Promise<ClientChannel>((resolve, reject) => {
      open((error, channel) => {
        if (error) return reject(this.#translated(error));
        onOpen(channel);
        resolve(channel);
      });
    });
    return this.#orLost(opened, signal, (late) => late.resume().close());
  }

  #translated(error: Error): Error {
    const reason: unknown = Reflect.get(error, 'reason');
    if (typeof reason === 'number') return new ChannelRefused(error.message, reason);
    return this.#broken ?? new LinkLost(`${endpointOf(this.#login)}: ${error.message}`, { cause: error });
  }

  #orLost<T>(answer: Promise<T>, signal?: AbortSignal, tooLate: (value: T) => void = () => undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let given = false;
      const finish = (act: () => void) => {
        given = true;
        this.#waiting.delete(lost);
        signal?.removeEventListener('abort', abort);
        act();
      };
      const lost = (error: Error) => finish(() => reject(error));
      const abort = () => finish(() => reject(new Cancelled(signal?.reason)));
      this.#waiting.add(lost);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
      answer.then(
        (value) => (given ? tooLate(value) : finish(() => resolve(value))),
        (error: Error) => finish(() => reject(error)),
      );
    });
  }

  #end(why: string): void {
    this.#broken ??= new LinkLost(`${endpointOf(this.#login)}: ${why}`);
    clearTimeout(this.#idle);
    clearInterval(this.#watch);
    this.#outer?.close();
    for (const reject of this.#waiting) reject(this.#broken);
  }

  #listen(): void {
    let heard = true;
    let silent = 0;
    this.#socket.on('data', () => (heard = true));
    this.#watch = setInterval(() => {
      silent = heard ? 0 : silent + 1;
      heard = false;
      if (silent < SILENT_TICKS) return;
      this.#broken ??= new LinkLost(`${endpointOf(this.#login)}: no sign of life for ${silent} s`);
      this.#socket.destroy();
    }, TICK_MS);
  }

  #use(): void {
    this.#users++;
    clearTimeout(this.#idle);
  }

  #rest(): void {
    this.#users = Math.max(0, this.#users - 1);
    if (this.#users > 0 || this.#broken) return;
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

/** The caller gave up; the channel may still open, and is then closed. */
class Cancelled extends Error {
  constructor(cause: unknown) {
    super('cancelled', { cause });
  }
}
