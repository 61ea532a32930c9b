/** The recipe as an Ansible playbook and Everbroker, alternating, on the same two machines behind SSH. */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { ensureAnsible } from './ansible-environment.js';
import { AnsibleOnTest } from './ansible.js';
import { EverbrokerOnTest } from './everbroker.js';
import { Machines } from './machines.js';
import type { PartOptions, PartResult } from './part.js';
import { sshGoalsOf, sshRoundLine, sshSummaryText, summarizeSsh, type SshRound } from './ssh-report.js';
import { sshTopology } from './topology.js';

/** Of ha-6-ssh. */
const BROKERS = 6;

interface Sides {
  ansible: AnsibleOnTest;
  everbroker: EverbrokerOnTest;
  machines: Machines;
}

async function measureRound(sides: Sides, { signal, say }: PartOptions): Promise<SshRound> {
  const { ansible, everbroker, machines } = sides;
  const loadBefore = loadavg()[0] ?? 0;
  say('Ansible, on machines without ActiveMQ');
  const ansibleFresh = await ansible.deploy(signal);
  say('Ansible, nothing to change');
  const ansibleNoChange = await ansible.deployAgain(signal);
  const brokers = await machines.brokers();
  if (brokers !== BROKERS) throw new Error(`${brokers} brokers run after the playbook, not ${BROKERS}`);
  await machines.removeRecipe();
  say('Everbroker, on machines without ActiveMQ');
  const fresh = await everbroker.deploy(signal);
  say('Everbroker, nothing to change');
  const noChange = await everbroker.deployAgain(signal);
  await everbroker.destroy(signal);
  return { ansibleFresh, ansibleNoChange, fresh, noChange, loadBefore };
}

/** The class-data archive is made by the first deployment of all, which is told and not compared. */
async function measureCold(everbroker: EverbrokerOnTest, { signal, say }: PartOptions): Promise<number> {
  say('Everbroker, class-data archive not yet made');
  await everbroker.start(signal);
  const { seconds } = await everbroker.deploy(signal);
  await everbroker.destroy(signal);
  return seconds;
}

async function measureAll(sides: Sides, options: PartOptions): Promise<PartResult> {
  const cold = await measureCold(sides.everbroker, options);
  const rounds: SshRound[] = [];
  for (let index = 0; index < options.rounds; index += 1) {
    const round = await measureRound(sides, options);
    rounds.push(round);
    options.say(sshRoundLine(round, index));
  }
  const summary = summarizeSsh(rounds, cold);
  const goals = sshGoalsOf(summary);
  return { text: sshSummaryText(summary, goals), data: { summary, goals, rounds } };
}

export async function sshPart(options: PartOptions): Promise<PartResult> {
  const { cache, tarball, probe, signal, say } = options;
  const programs = await ensureAnsible(cache, signal, say);
  const machines = await Machines.start();
  try {
    const topology = await sshTopology(machines.addresses);
    const env = { EVERBROKER_SSH_DIR: machines.sshDirectory };
    const everbroker = await EverbrokerOnTest.open({ cache, tarball, topology, env });
    try {
      const { identity, knownHosts } = machines;
      const ansible = await AnsibleOnTest.open({
        home: join(machines.sshDirectory, 'ansible'),
        programs,
        topology,
        identity,
        knownHosts,
        tarball: join(cache, tarball),
        probe,
      });
      return await measureAll({ ansible, everbroker, machines }, options);
    } finally {
      await everbroker.close();
    }
  } finally {
    await machines.close();
  }
}
