/** What this machine's apt is set to, as far as images take it over. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirrors, type DebianMirrors } from './debian-sources.js';

export interface MachineApt {
  mirrors: DebianMirrors;
  /** apt.conf lines that images need to read the same mirrors. */
  conf: string;
}

export async function machineApt(directory = '/etc/apt'): Promise<MachineApt> {
  const sources = await texts(join(directory, 'sources.list.d'), /\.(list|sources)$/);
  const conf = await texts(join(directory, 'apt.conf.d'), /./);
  const oneFile = await text(join(directory, 'sources.list'));
  return { mirrors: debianMirrors([oneFile, ...sources]), conf: frozenMirrorSettings(conf.join('\n')) };
}

/** A mirror frozen at a date (snapshot) has lists that are out of date by their own word; its users say so to apt. */
function frozenMirrorSettings(conf: string): string {
  const settings = conf.match(/^\s*Acquire::Check-(Valid-Until|Date)\s+"?(false|no|0)"?;/gim) ?? [];
  return settings.map((line) => `${line.trim()}\n`).join('');
}

async function texts(directory: string, wanted: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return Promise.all(names.filter((name) => wanted.test(name)).map((name) => text(join(directory, name))));
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
