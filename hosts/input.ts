/** What a command reads, and how it gets there: a text, a stream, or a file of this machine. */
import { open } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';

/** A file of this machine as a command's input. */
export interface InputFile {
  path: string;
  /** How long it is; one that has another length by now is a broken input. */
  bytes: number;
}

export type CommandInput = string | Buffer | Readable | InputFile;

/** How the source of an input broke. */
export class StdinFailed {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

export interface Input {
  /** Resolves when the source breaks: that must not look like its end, or half a file would be taken for the whole. */
  failed: Promise<StdinFailed>;
  /** Sends it to the command; `isLast`: and nothing after it. */
  feed: (stream: Writable, isLast: boolean) => void;
  release: () => void;
}

/** Listens from the first moment: a source may break before the command has started. */
export function watchInput(stdin: CommandInput | undefined): Input {
  if (stdin instanceof Readable) return fromStream(stdin);
  if (isInputFile(stdin)) return fromFile(stdin);
  return {
    failed: new Promise(() => undefined),
    feed(stream, isLast) {
      if (stdin === undefined) return;
      if (isLast) stream.end(stdin);
      else stream.write(stdin);
    },
    release: () => undefined,
  };
}

export const isInputFile = (stdin: CommandInput | undefined): stdin is InputFile =>
  typeof stdin === 'object' && 'path' in stdin && !(stdin instanceof Readable);

/** Of all that is handed over whole; null for no input, undefined for a stream, of which nobody knows. */
export function inputLength(stdin: CommandInput | undefined): number | null | undefined {
  if (stdin === undefined) return null;
  if (stdin instanceof Readable) return undefined;
  return isInputFile(stdin) ? stdin.bytes : Buffer.byteLength(stdin);
}

function fromStream(stdin: Readable): Input {
  let fed: Writable | undefined;
  const failed = new Promise<StdinFailed>((resolve) => {
    const closed = () => {
      if (!stdin.readableEnded)
        resolve(new StdinFailed(stdin.errored ?? new Error('the input was closed before its end')));
    };
    stdin.on('error', (error) => resolve(new StdinFailed(error)));
    stdin.once('close', closed);
    if (stdin.destroyed) closed();
  });
  return {
    failed,
    feed(stream, isLast) {
      fed = stdin.pipe(stream, { end: isLast });
    },
    release() {
      if (fed) stdin.unpipe(fed);
      if (!stdin.readableEnded) stdin.destroy();
    },
  };
}

/**
 * With two buffers for the whole file, one being read while the other is on its way. A stream makes a new one for each
 * piece, and V8 looks through the whole worker for every 64 MB of them: of the 130 MB for two hosts that was more work
 * (0.6 CPU-seconds, measured) than sending them. What is fed must be through with a piece when it says that it is
 * written, as a socket or an SSH channel is; a PassThrough is not.
 */
function fromFile({ path, bytes }: InputFile): Input {
  let isReleased = false;
  let fail: (failed: StdinFailed) => void = () => undefined;
  const failed = new Promise<StdinFailed>((resolve) => (fail = resolve));
  async function send(stream: Writable, isLast: boolean): Promise<void> {
    const file = await open(path);
    try {
      if ((await file.stat()).size !== bytes) throw new Error(`${path} is no longer ${bytes} bytes long`);
      const buffers = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)] as const;
      let sent = Promise.resolve(true);
      for (let left = bytes, i = 0; left > 0; i++) {
        const buffer = buffers[i % 2 === 0 ? 0 : 1];
        const { bytesRead } = await file.read(buffer, 0, Math.min(left, buffer.length));
        if (bytesRead === 0) throw new Error(`${path} was cut short meanwhile`);
        if (!(await sent) || isReleased) return;
        sent = written(stream, buffer.subarray(0, bytesRead));
        left -= bytesRead;
      }
      if ((await sent) && isLast && !isReleased) stream.end();
    } finally {
      await file.close();
    }
  }
  return {
    failed,
    feed: (stream, isLast) => void send(stream, isLast).catch((error: unknown) => fail(new StdinFailed(error))),
    release: () => void (isReleased = true),
  };
}

const PIECE_BYTES = 256 * 1024;

/** False when the command reads no more, which its end tells. */
const written = (stream: Writable, piece: Buffer): Promise<boolean> =>
  new Promise((resolve) => stream.write(piece, (error) => resolve(!error)));
