/** Images made by running a script in a container and keeping what it leaves; works on engines without a builder. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EverbrokerError } from '../core/failure.js';
import { call, orNull, type DockerClient } from '../hosts/docker-client.js';

/** apt over a slow line; past this the engine or the network hangs. */
const SCRIPT_TIMEOUT_MS = 15 * 60_000;

/** The image's id, or null where the engine does not have it. */
export async function imageId(engine: DockerClient, image: string): Promise<string | null> {
  return (await inspect(engine, image))?.Id ?? null;
}

/** A label of an image; undefined where the image or the label is missing. */
export async function imageLabel(engine: DockerClient, image: string, label: string): Promise<string | undefined> {
  return (await inspect(engine, image))?.Config.Labels?.[label];
}

const inspect = (engine: DockerClient, image: string) =>
  orNull(call(engine, { what: `look at image ${image}` }, () => engine.docker.getImage(image).inspect()));

/** Pulls an image; gives up when the engine says nothing new for `silenceMs`, because it tries for minutes by itself. */
export async function pull(
  engine: DockerClient,
  options: { image: string; silenceMs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const what = `pull ${options.image}`;
  const stream: Readable = await call(engine, { what, signal: options.signal, timeoutMs: options.silenceMs }, () =>
    engine.docker.pull(options.image).then((body) => body as Readable),
  );
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      stream.destroy();
      reject(error);
    };
    const silent = () => fail(new Error(`${what}: nothing was heard for ${options.silenceMs} ms`));
    let timer = setTimeout(silent, options.silenceMs);
    const onProgress = (): void => {
      clearTimeout(timer);
      timer = setTimeout(silent, options.silenceMs);
    };
    engine.docker.modem.followProgress(
      stream,
      (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      },
      onProgress,
    );
  });
}

export interface Recipe {
  from: string;
  to: string;
  script: string;
  labels: Record<string, string>;
}

/**
 * Runs a script in a container of one image and tags the result as another.
 * @throws EverbrokerError ArtefactUnavailable with the end of the script's output
 */
export async function commitWith(
  { engine, signal }: { engine: DockerClient; signal?: AbortSignal | undefined },
  { from, to, script, labels }: Recipe,
): Promise<void> {
  const container = await call(engine, { what: `create a container of ${from}`, signal }, () =>
    engine.docker.createContainer({
      name: `everbroker-image-${randomUUID().slice(0, 8)}`,
      Image: from,
      Cmd: ['sh', '-c', script],
      Labels: { 'everbroker.image-build': to },
    }),
  );
  try {
    await call(engine, { what: 'start the container', signal }, () => container.start());
    const { StatusCode } = await call(
      engine,
      { what: `make ${to}`, signal, timeoutMs: SCRIPT_TIMEOUT_MS },
      () => container.wait() as Promise<{ StatusCode: number }>,
    );
    if (StatusCode !== 0)
      throw await scriptFailed(to, StatusCode, () => container.logs({ stdout: true, stderr: true, tail: 15 }));
    const [repo, tag] = to.split(':');
    // The container ran the script; the image must run what its base runs.
    const base = await call(engine, { what: `look at ${from}`, signal }, () => engine.docker.getImage(from).inspect());
    const changes = [
      `CMD ${JSON.stringify(base.Config.Cmd ?? ['/bin/sh'])}`,
      ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${value}`),
      'LABEL everbroker.image-build=',
    ];
    await call(engine, { what: `keep ${to}`, signal, timeoutMs: SCRIPT_TIMEOUT_MS }, () =>
      container.commit({ repo, tag, changes }),
    );
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function scriptFailed(image: string, code: number, logs: () => Promise<Buffer>): Promise<EverbrokerError> {
  const output = printable(await logs());
  return new EverbrokerError('ArtefactUnavailable', `making ${image} ended with exit code ${code}\n${output}`, {
    image,
    exitCode: code,
    output,
  });
}

/** The engine puts eight bytes before each piece of output; for a message it is enough to leave them out. */
const printable = (logs: Buffer): string =>
  logs
    .toString('utf8')
    .replace(/[\x00-\x08\x0e-\x1f\ufffd]./g, '')
    .trim();
