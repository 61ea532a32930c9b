/** What no tool can go below on this machine: one container started, one archive unpacked, the JVMs' own CPU time. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { docker, run } from './command.js';

export interface Floor {
  containerSeconds: number;
  unpackSeconds: number;
}

const CONTAINER = 'everbroker-bench-floor';

export async function measureFloor(
  { image, cache }: { image: string; cache: string },
  signal: AbortSignal,
): Promise<Floor> {
  const prepared = join(cache, 'prepared');
  const tar = (await readdir(prepared)).find((name) => /^apache-activemq-5\.18\.3-.*\.tar$/.test(name));
  if (tar === undefined) throw new Error(`no plain tar of ActiveMQ in ${prepared}`);
  await removeFloor();
  try {
    const started = await run({
      argv: ['docker', 'run', '-d', '--init', '--name', CONTAINER, image, 'sleep', 'infinity'],
      signal,
    });
    const unpacked = await run({
      argv: ['docker', 'exec', '-i', CONTAINER, 'tar', '-x', '-C', '/opt'],
      stdin: createReadStream(join(prepared, tar), { highWaterMark: 1 << 20 }),
      signal,
    });
    return { containerSeconds: started.seconds, unpackSeconds: unpacked.seconds };
  } finally {
    await removeFloor();
  }
}

const removeFloor = (): Promise<unknown> => docker(['rm', '-f', '-v', CONTAINER]).catch(() => undefined);
