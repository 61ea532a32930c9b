import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A forwarded port as an ordinary stream. ssh2's own channels end quietly when the link breaks, never call back a write
 * that a closed channel cannot take, and cannot be destroyed with an error.
 */
export class ForwardedStream extends Duplex {
  readonly #channel: ClientChannel;
  #pending: ((error?: Error | null) => void) | undefined;

  constructor(channel: ClientChannel, broken: () => Error | undefined) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('error', (error: Error) => this.destroy(error));
    // The order of a broken link: end, then close. An end that a break made must not look like the peer's.
    channel.on('end', () => {
      const error = broken();
      if (error) this.destroy(error);
      else this.push(null);
    });
    channel.on('close', () => {
      const error = broken();
      this.#settle(error ?? new ChannelClosed());
      if (error) this.destroy(error);
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#channel.writable) return done(new ChannelClosed());
    this.#pending = done;
    if (this.#channel.write(chunk)) this.#settle(null);
    else this.#channel.once('drain', () => this.#settle(null));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.destroy();
    // What still comes has no reader, but the channel closes only when it was read.
    this.#channel.resume();
    done(error);
  }

  #settle(error: Error | null): void {
    const done = this.#pending;
    this.#pending = undefined;
    done?.(error);
  }
}

/** The other side hung up: the same code as on a socket. */
class ChannelClosed extends Error {
  readonly code = 'EPIPE';
  constructor() {
    super('the other side closed the connection');
  }
}
