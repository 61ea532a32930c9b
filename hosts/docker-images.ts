import type { Readable } from 'node:stream';
import { EverbrokerError } from '../core/failure.js';
import { call, orNull, type CallOptions, type DockerClient } from './docker-client.js';

export interface DockerImages {
  hasImage(image: string, options?: CallOptions): Promise<boolean>;
  /**
   * Pulls an image; `onProgress` gets one line whenever something moved, which also tells that it is alive.
   * @throws EverbrokerError ArtefactUnavailable when the registry cannot be reached or has no such image.
   */
  pullImage(image: string, options?: CallOptions & { onProgress?: (line: string) => void }): Promise<void>;
}

/** Of silence, not of the whole pull: a slow line is no failure. */
const SILENCE_MS = 120_000;

export function dockerImages(client: DockerClient): DockerImages {
  const { docker } = client;
  return {
    async hasImage(image, options = {}) {
      const found = await orNull(
        call(client, { what: `inspect image ${image}`, ...options }, () => docker.getImage(image).inspect()),
      );
      return found !== null;
    },
    async pullImage(image, { onProgress, signal, timeoutMs = SILENCE_MS } = {}) {
      const unavailable = (cause: unknown): EverbrokerError => {
        const said = cause instanceof Error ? cause.message : String(cause);
        const details = { image, engine: client.address };
        return new EverbrokerError('ArtefactUnavailable', `image ${image}: ${said}`, details, { cause });
      };
      const stream = await call(client, { what: `pull ${image}`, signal, timeoutMs }, () => docker.pull(image)).catch(
        (error: unknown) => {
          throw error instanceof EverbrokerError && error.type === 'CommandFailed' ? unavailable(error) : error;
        },
      );
      await follow(stream, { onProgress, signal, timeoutMs }).catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : unavailable(error);
      });
    },
  };
}

/** Reads Docker's progress: a JSON object a line, where `error` is the only sign of a failed pull. */
async function follow(
  stream: NodeJS.ReadableStream,
  watch: CallOptions & { onProgress: ((line: string) => void) | undefined; timeoutMs: number },
): Promise<void> {
  const readable: Readable = asReadable(stream);
  const abort = () => readable.destroy(new Error('cancelled'));
  watch.signal?.addEventListener('abort', abort, { once: true });
  const silent = () => readable.destroy(new Error(`nothing came for ${watch.timeoutMs} ms`));
  const timer = setTimeout(silent, watch.timeoutMs);
  try {
    let rest = '';
    for await (const chunk of readable) {
      timer.refresh();
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((text) => text.trim() !== '')) watch.onProgress?.(progressLine(line));
    }
    if (rest.trim() !== '') watch.onProgress?.(progressLine(rest));
  } finally {
    clearTimeout(timer);
    watch.signal?.removeEventListener('abort', abort);
  }
}

function asReadable(stream: NodeJS.ReadableStream): Readable {
  if ('destroy' in stream) return stream as Readable;
  throw new Error('the engine answered without a stream');
}

function progressLine(line: string): string {
  const event: unknown = JSON.parse(line);
  const read = (key: string): string => {
    const value: unknown = typeof event === 'object' && event !== null ? Reflect.get(event, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  if (read('error')) throw new Error(read('error'));
  return [read('id'), read('status'), read('progress')].filter((part) => part !== '').join(' ');
}
