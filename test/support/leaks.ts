/** Looks for secrets where they must not be: in every form in which a program might have written them down. */
import { readFile, readdir } from 'node:fs/promises';
import type { Client } from '@temporalio/client';

/** A secret as text, as base64 at each of the three places where it may begin in a longer text, and as hex. */
export function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.from('x'.repeat(before) + secret)
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last letters also depend on the neighbours.
    return encoded.slice(before === 0 ? 0 : before + 1, -2);
  });
  return [secret, encodeURIComponent(secret), ...base64, Buffer.from(secret).toString('hex')];
}

/** Names of the secrets that a text holds in any form. */
export function leaksIn(text: string, secrets: Record<string, string>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** Everything that a server keeps of its workflows, with payloads decoded: events, memos, search attributes, results. */
export async function allHistories(client: Client): Promise<Map<string, string>> {
  const histories = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const [history, described] = await Promise.all([handle.fetchHistory(), handle.describe()]);
    histories.set(`${workflowId}/${runId}`, textOf([history, described.raw]));
  }
  return histories;
}

/** Bytes as the text that they are; nothing else is changed. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (part instanceof Uint8Array) return Buffer.from(part).toString('utf8');
    // What JSON.stringify has made of a Buffer already.
    if (isBufferJson(part)) return Buffer.from(part.data).toString('utf8');
    return part;
  });

const isBufferJson = (value: unknown): value is { data: number[] } =>
  typeof value === 'object' && value !== null && Reflect.get(value, 'type') === 'Buffer';

/** Notes the arguments and environments of every process of this machine, containers included, until it is stopped. */
export function watchProcesses(): { stop(): Promise<string[]> } {
  const seen = new Set<string>();
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
      const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
      for (const text of await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))) seen.add(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return [...seen];
    },
  };
}
