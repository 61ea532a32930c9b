/** The agent's answer to `observe`, read. The format is written down in agent/parts/looking.sh, print_host and print_node. */
import { z } from 'zod';
import { EverbrokerError } from '../failure.js';
import { storeOf } from '../stores/index.js';
import { nodesOnHost, type Topology } from '../topology/topology.js';
import type { HostInside, NodeObservation, ServiceObservation } from './observation.js';

/** Arguments of the agent's `observe`, so that it also reports nodes of which the host knows nothing yet. */
export const observeArguments = (topology: Topology, host: string): string[] => [
  topology.root,
  String(topology.runAs.uid),
  ...nodesOnHost(topology, host).map((node) => {
    const { directory } = storeOf(topology, node.group);
    return `${node.name}=${directory ?? ''}`;
  }),
];

/**
 * @throws EverbrokerError CommandFailed when the output was cut (it has no `end`) or is not the agent's. Lines of a kind
 * that is not known are passed over: the agent on a host may be newer or older than this code.
 */
export function parseObservation(output: string): { clock: number; inside: HostInside } {
  const { all } = linesOf(output);
  const one = (kind: string): string | null => all(kind)[0] ?? null;
  return {
    clock: count.parse(one('clock')),
    inside: {
      agentHash: one('agent'),
      agentRunning: one('running') === '1',
      owner: one('owner'),
      architecture: one('architecture') ?? 'unknown',
      publicKey: one('public-key'),
      java: parseJava(one('java')),
      homes: all('home'),
      classDataArchives: all('class-data'),
      probeHash: one('probe'),
      manifestHash: one('manifest'),
      secretsVersion: count.parse(one('secrets-version') ?? '0'),
      runAsUser: one('user') === '1',
      files: Object.fromEntries(all('file').map((line) => reversed(splitAtBlank(line)))),
      nodes: all('node').map(parseNode),
      services: all('service').map(parseService),
    },
  };
}

/** What the agent's `java` prints. @throws EverbrokerError CommandFailed when it was cut. */
export function parseJavaFacts(output: string): Pick<HostInside, 'architecture' | 'java'> {
  const { all } = linesOf(output);
  return { architecture: all('architecture')[0] ?? 'unknown', java: parseJava(all('java')[0] ?? null) };
}

/** The node line in what `await` prints. @throws EverbrokerError CommandFailed when there is none. */
export function parseNodeLine(output: string): NodeObservation {
  const line = output.split('\n').findLast((text) => text.startsWith('node '));
  if (line === undefined) throw notAnObservation('there is no line of a node');
  return parseNode(line.slice('node '.length));
}

const count = z
  .string()
  .regex(/^\d+$/)
  .transform(Number)
  .catch(({ value }) => {
    throw notAnObservation(`${JSON.stringify(value)} is no number`);
  });

const nodeFields = z.object({
  name: z.string().min(1),
  desired: z.enum(['up', 'down', 'fenced']).or(z.string().transform(() => 'unknown' as const)),
  pid: count.optional(),
  state: z.string().optional(),
  uptime: count.optional(),
  launched: z.string().optional(),
  current: z.string().optional(),
  listening: z.string().transform((text) => (text === '' ? [] : text.split(',').map((port) => count.parse(port)))),
  role: z.enum(['master', 'slave', 'starting', 'failed', 'none']),
  lock: z.enum(['held', 'free', 'held-by-other', 'unknown']),
  store: z
    .string()
    .transform((text) => ({ group: text.replace(/@.*$/, ''), identity: text.replace(/^[^@]*@/, '') }))
    .optional(),
  writable: z.enum(['0', '1']),
  credentials: count,
  starts: count,
  line: z.string(),
});

function parseNode(text: string): NodeObservation {
  const parsed = nodeFields.safeParse(fieldsOf(text));
  if (!parsed.success)
    throw notAnObservation(`the line of a node has a wrong ${parsed.error.issues[0]?.path.join('.')}`);
  const { name, desired, pid, state, uptime, launched, current, role, line, store, ...rest } = parsed.data;
  return {
    name,
    desired,
    ...(store === undefined ? {} : { store }),
    process: {
      alive: pid !== undefined,
      ...(pid === undefined ? {} : { pid }),
      ...(state === undefined ? {} : { state }),
      ...(uptime === undefined ? {} : { uptimeMs: uptime }),
    },
    ...(launched === undefined ? {} : { launchedWith: launched }),
    ...(current === undefined ? {} : { currentFingerprint: current }),
    listening: rest.listening,
    log: line === '' ? { role } : { role, line },
    lock: rest.lock,
    storeWritable: rest.writable === '1',
    credentialsVersion: rest.credentials,
    starts: rest.starts,
  };
}

const serviceFields = nodeFields
  .pick({
    name: true,
    desired: true,
    pid: true,
    state: true,
    launched: true,
    current: true,
    listening: true,
    starts: true,
  })
  .extend({ installed: z.enum(['0', '1']), granted: z.string() });

function parseService(text: string): ServiceObservation {
  const parsed = serviceFields.safeParse(fieldsOf(text));
  if (!parsed.success)
    throw notAnObservation(`the line of a service has a wrong ${parsed.error.issues[0]?.path.join('.')}`);
  const { pid, state, launched, current, installed, ...rest } = parsed.data;
  return {
    ...rest,
    process: {
      alive: pid !== undefined,
      ...(pid === undefined ? {} : { pid }),
      ...(state === undefined ? {} : { state }),
    },
    ...(launched === undefined ? {} : { launchedWith: launched }),
    ...(current === undefined ? {} : { currentFingerprint: current }),
    installed: installed === '1',
  };
}

/** `line=` comes last and takes the rest, blanks and equal signs included. */
function fieldsOf(text: string): Record<string, string> {
  const at = text.indexOf(' line=');
  const head = at === -1 ? text : text.slice(0, at);
  const pairs = head.split(' ').map((field): [string, string] => {
    const equals = field.indexOf('=');
    return equals === -1 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
  });
  return { ...Object.fromEntries(pairs), ...(at === -1 ? {} : { line: text.slice(at + ' line='.length) }) };
}

/** Both `17.0.11` and the old `1.8.0_402` name their major version. */
function parseJava(text: string | null): HostInside['java'] {
  const [path = '', version = ''] =
    text === null ? [] : [text.slice(0, text.indexOf('|')), text.slice(text.indexOf('|') + 1)];
  const major = /version "(?:1\.)?(\d+)/.exec(version)?.[1];
  return major === undefined ? null : { path, major: Number(major), version };
}

function linesOf(output: string): { all: (kind: string) => string[] } {
  const lines = output.split('\n').map(splitAtBlank);
  const end = lines.findIndex(([kind, rest]) => kind === 'end' && rest === '');
  if (end === -1) throw notAnObservation('it was cut: there is no end');
  const seen = lines.slice(0, end);
  return { all: (kind) => seen.filter(([found]) => found === kind).map(([, rest]) => rest) };
}

function splitAtBlank(line: string): [string, string] {
  const at = line.indexOf(' ');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

const reversed = ([first, second]: [string, string]): [string, string] => [second, first];

const notAnObservation = (why: string): EverbrokerError =>
  new EverbrokerError('CommandFailed', `the host agent's answer cannot be used: ${why}`);
