/** The host agent's text. Its source is in parts, one concern each; on hosts it is one file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assetPath } from './assets.js';

/** In this order: the head sets what the parts use, the end calls one of their functions. */
const PARTS = [
  'head',
  'readers',
  'processes',
  'events',
  'supervising',
  'watchdog',
  'looking',
  'telling',
  'faults',
  'recording',
  'owning',
  'main',
] as const;

export const agentText = (): string =>
  PARTS.map((part) => readFileSync(join(assetPath('agent'), `${part}.sh`), 'utf8')).join('\n');
