/** A cluster that stores in a database of its own: asked, and told what it must say. */
import assert from 'node:assert/strict';
import type { DeployOutput, VerifyOutput } from '../../core/contract.js';
import type { Fault } from '../../core/health/fault.js';
import { AGENT_FILE } from '../../core/layout.js';
import type { DatabaseSpec } from '../../core/topology/schema.js';
import type { Topology } from '../../core/topology/topology.js';
import { databaseCluster, sql } from './database-cluster.js';
import { System, failedChecks, until, type SystemOptions } from './system.js';

export class DatabaseSite {
  readonly system: System;
  readonly topology: Topology;

  private constructor(system: System, topology: Topology) {
    this.system = system;
    this.topology = topology;
  }

  static async start(engine: DatabaseSpec['engine'], options: SystemOptions = {}): Promise<DatabaseSite> {
    const system = await System.start(options);
    return new DatabaseSite(system, await databaseCluster(system, engine));
  }

  stop(): Promise<void> {
    return this.system.stop();
  }

  async deploy(wanted: Topology = this.topology): Promise<DeployOutput> {
    return (await this.system.everbroker.deploy({ topology: { ...wanted } })).result();
  }

  async verify(): Promise<VerifyOutput> {
    return (await this.system.everbroker.verify({ topology: { ...this.topology } })).result();
  }

  async insistOnPassed(): Promise<VerifyOutput> {
    const result = await this.verify();
    assert.equal(result.verdict, 'passed', JSON.stringify(failedChecks(result.checks)));
    return result;
  }

  /** What a verification must say, all of it. */
  async insistOnTold(...wanted: [Fault, RegExp][]): Promise<void> {
    const { checks } = await this.verify();
    for (const [fault, detail] of wanted)
      assert.ok(
        checks.some((check) => check.fault === fault && detail.test(check.detail)),
        JSON.stringify(failedChecks(checks)),
      );
  }

  untilHealthy(): Promise<void> {
    return this.system.untilStatus(this.topology.name, ({ healthy }) => healthy);
  }

  /** All is well again, and the node is a slave. */
  untilSlave(node: string): Promise<void> {
    return this.system.untilStatus(
      this.topology.name,
      ({ healthy, nodes }) => healthy && nodes.some(({ node: name, role }) => role === 'slave' && name === node),
    );
  }

  async master(): Promise<{ node: string; host: string }> {
    const { nodes } = await (await this.system.everbroker.status({ topology: { ...this.topology } })).result();
    const master = nodes.find(({ role }) => role === 'master');
    assert.ok(master, 'nobody is master');
    return master;
  }

  async pidOf({ node, host }: { node: string; host: string }): Promise<number> {
    const { root, runAs } = this.topology;
    const looked = await this.system.sh(this.topology, host, `sh ${AGENT_FILE} observe ${root} ${runAs.uid}`);
    const pid = Number(new RegExp(`^node name=${node} .*pid=(\\d+)`, 'm').exec(looked)?.[1]);
    assert.ok(pid > 0, looked);
    return pid;
  }

  sql(statement: string): Promise<string> {
    return sql(this.system, this.topology, statement);
  }

  /** kill -9, and the agent starts it again. */
  async killDatabase(port: number): Promise<void> {
    await this.system.sh(this.topology, 'dbhost', `sh ${AGENT_FILE} kill db`);
    await until('the database is back', async () =>
      (await this.system.sh(this.topology, 'dbhost', `sh ${AGENT_FILE} service db`)).includes(`listening=${port}`),
    );
  }
}
