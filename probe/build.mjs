#!/usr/bin/env node
// Makes dist/probe/everbroker-probe.jar: node probe/build.mjs [ACTIVEMQ_HOME] (or $ACTIVEMQ_HOME).
// Needs a JDK's javac and jar (17 or newer: on PATH or below $JAVA_HOME). The same JDK and sources give the same bytes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const home = process.argv[2] ?? process.env.ACTIVEMQ_HOME;
const jarFile = join(here, '..', 'dist', 'probe', 'everbroker-probe.jar');

const tool = (name) => (process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', name) : name);
const run = (name, args, cwd) => execFileSync(tool(name), args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });

/** The client's own jars; the names differ between 5.15 (geronimo) and 5.18 (jakarta), the packages do not. */
const clientJars = (lib) =>
  readdirSync(lib)
    .filter((name) => /^(activemq-client|geronimo-j2ee-management|geronimo-jms|jakarta\.jms).*\.jar$/.test(name))
    .map((name) => join(lib, name));

if (!home || !existsSync(join(home, 'lib'))) {
  console.error(
    `probe: ${home ?? 'no directory'} is not an unpacked ActiveMQ; give its home as argument or $ACTIVEMQ_HOME`,
  );
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'everbroker-probe-'));
try {
  const sources = join(here, 'src', 'everbroker', 'probe');
  const files = readdirSync(sources).sort();
  const classPath = clientJars(join(home, 'lib')).join(':');
  // -options: release 8 is old on purpose (ActiveMQ 5.15 runs on Java 8); -classfile: 5.18's jars are Java 11's
  const flags = ['--release', '8', '-Xlint:all,-options,-classfile', '-Werror', '-g', '-encoding', 'UTF-8'];
  run('javac', [...flags, '-cp', classPath, '-d', join(work, 'classes'), ...files.map((name) => join(sources, name))]);
  writeFileSync(join(work, 'manifest'), 'Main-Class: everbroker.probe.Probe\n');
  const classes = readdirSync(join(work, 'classes', 'everbroker', 'probe')).sort();
  const entries = classes.flatMap((name) => ['-C', join(work, 'classes'), `everbroker/probe/${name}`]);
  const made = join(work, 'probe.jar');
  // one date for every entry; zip knows nothing before 1980
  run('jar', [
    '--create',
    '--file',
    made,
    '--manifest',
    join(work, 'manifest'),
    '--date',
    '1980-02-01T00:00:00Z',
    ...entries,
  ]);
  mkdirSync(dirname(jarFile), { recursive: true });
  const beside = `${jarFile}.${process.pid}`;
  execFileSync('cp', [made, beside]);
  renameSync(beside, jarFile);
  console.log(jarFile);
} finally {
  rmSync(work, { recursive: true, force: true });
}
