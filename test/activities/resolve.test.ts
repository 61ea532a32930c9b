import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { placeNetworks } from '../../activities/networks.js';
import { resolveInput } from '../../activities/resolve.js';
import { EverbrokerError } from '../../core/failure.js';
import { MANIFEST_FILE } from '../../core/layout.js';
import { LABEL_CLUSTER } from '../../core/naming.js';
import { manifestText } from '../../core/plan/manifest.js';
import { hashTopology } from '../../core/topology/hash.js';
import { dockerHostOf, type Topology } from '../../core/topology/topology.js';
import type { NetworkState } from '../../hosts/docker-networks.js';
import { FakeHost } from '../support/fake-host.js';
import { aParsedTopology, aTopology } from '../support/topologies.js';

/** What reading an input needs of the outside, and no more: anything else is a mistake that throws. */
const depsOf = (parts: Partial<Deps> = {}): Deps =>
  ({
    permit: () => undefined,
    readTopology: (name: string) =>
      Promise.resolve(name === 'known' ? JSON.stringify(aTopology({ name: 'from-file' })) : null),
    knownTopologies: () => Promise.resolve(['ha-6', 'known']),
    ...parts,
  }) as Deps;

const refusal =
  (type: string, ...texts: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof EverbrokerError, String(error));
    assert.equal(error.type, type);
    for (const text of texts) assert.match(error.message, text);
    return true;
  };

describe('an input', () => {
  const resolve = (input: unknown, deps = depsOf()) => resolveInput(deps, { workflow: 'deployCluster', input });

  test('with a whole topology gives it with every default, its hash, and the options', async () => {
    const result = await resolve({ topology: aTopology(), rollback: true });
    assert.deepEqual(result.topology, aParsedTopology());
    assert.equal(result.topologyHash, hashTopology(aParsedTopology()));
    assert.equal(result.options['rollback'], true);
    assert.equal(result.options['onFailure'], 'fail');
    assert.equal('topology' in result.options, false);
  });

  test('with a name gives what the worker knows by it', async () => {
    assert.equal((await resolve({ topology: 'known' })).topology.name, 'from-file');
    await assert.rejects(resolve({ topology: '../known' }), refusal('InvalidInput', /the worker knows ha-6, known/));
  });

  describe('by the name of a cluster', () => {
    const onMachine = aParsedTopology({ name: 'far' }, { hosts: { h1: { kind: 'ssh', address: '192.0.2.9' } } });
    const machine = (manifest: string | null) => {
      const host = new FakeHost('h1');
      if (manifest !== null) host.files.write(MANIFEST_FILE, Buffer.from(manifest), { mode: 0o644, uid: 0, gid: 0 });
      return depsOf({
        knownTopologies: () => Promise.resolve(['known', 'elsewhere']),
        readTopology: (name) =>
          Promise.resolve(JSON.stringify(name === 'elsewhere' ? { ...onMachine, description: 'newer' } : aTopology())),
        openHost: () => Promise.resolve(host),
        engine: () => ({ listVolumes: () => Promise.resolve([]) }) as never,
      });
    };
    const find = (deps: Deps) => resolveInput(deps, { workflow: 'statusCluster', input: { cluster: 'far' } });

    test('finds it on its first machine, as it was deployed there', async () => {
      const { topology } = await find(machine(manifestText(onMachine)));
      assert.deepEqual(topology, onMachine);
    });

    test('does not take another cluster for it, nor a machine where none was deployed', async () => {
      await assert.rejects(
        find(machine(manifestText(aParsedTopology({ name: 'near' })))),
        refusal('NameTaken', /near/),
      );
      await assert.rejects(find(machine(null)), refusal('ClusterUnknown', /no cluster "far"/));
    });
  });

  for (const input of [null, undefined, {}, { topology: 'known', cluster: 'test' }])
    test(`such as ${JSON.stringify(input)} does not say which cluster is meant`, () =>
      assert.rejects(resolve(input), refusal('InvalidInput', /either "cluster" .* or "topology"/)));

  for (const input of ['ha-6', 7, [], { topology: 7 }, { topology: 'known', unknown: 1 }, { cluster: '../x' }])
    test(`such as ${JSON.stringify(input)} is refused in one readable message`, () =>
      assert.rejects(resolve(input), refusal('InvalidInput', /problem/)));

  test('with a wrong topology is told every problem at once, with its path', async () => {
    const topology = { ...aTopology(), name: 'Not A Name', hosts: {}, extra: 1 };
    await assert.rejects(resolve({ topology }), refusal('InvalidInput', /name/, /extra/));
  });

  test('is refused when the worker may not reach what it names', async () => {
    const permit = () => {
      throw new EverbrokerError('InputRefused', 'no');
    };
    await assert.rejects(resolve({ topology: 'known' }, depsOf({ permit })), refusal('InputRefused'));
  });

  test('of a destruction must repeat the name before data is deleted', async () => {
    const destroy = (more: object) =>
      resolveInput(depsOf(), { workflow: 'destroyCluster', input: { topology: 'known', deleteData: true, ...more } });
    await assert.rejects(destroy({}), refusal('InvalidInput', /confirm/));
    await assert.rejects(destroy({ confirm: 'test' }), refusal('InvalidInput', /confirm/));
    assert.equal((await destroy({ confirm: 'from-file' })).options['deleteData'], true);
  });
});

describe('the networks of a topology', () => {
  const topology = aParsedTopology();
  const { name, subnet } = dockerHostOf(topology, 'h1').network;
  const network = (state: Partial<NetworkState>): NetworkState => ({
    id: 'id',
    name,
    subnet,
    labels: { [LABEL_CLUSTER]: topology.name },
    ...state,
  });
  const place = (
    of: Topology,
    { existing = null, taken = [] }: { existing?: NetworkState | null; taken?: string[] },
  ) => {
    const engine = { network: () => Promise.resolve(existing), subnetsInUse: () => Promise.resolve(taken) };
    return placeNetworks(depsOf({ engine: () => engine as never }), { topology: of });
  };
  const pinned: Topology = {
    ...topology,
    hosts: {
      h1: { ...dockerHostOf(topology, 'h1'), network: { name, subnet, policy: 'pinned' } },
    },
  };

  test('are where they are wanted when that is free', async () => {
    assert.deepEqual(await place(topology, { taken: ['10.0.0.0/8'] }), { topology, notes: [] });
    assert.deepEqual(await place(pinned, {}), { topology: pinned, notes: [] });
  });

  test('move with their hosts when a preferred subnet is taken, and say so', async () => {
    const moved = await place(topology, { taken: [subnet] });
    const host = dockerHostOf(moved.topology, 'h1');
    assert.notEqual(host.network.subnet, subnet);
    assert.ok(host.address.startsWith(host.network.subnet.split('.').slice(0, 2).join('.')));
    assert.ok(host.address.endsWith(dockerHostOf(topology, 'h1').address.split('.').slice(2).join('.')));
    assert.deepEqual(moved.notes, [`${name} uses ${host.network.subnet}, because ${subnet} is taken`]);
  });

  test('stay where they were made, whatever has become free since', async () => {
    const placed = await place(topology, { existing: network({ subnet: '172.19.0.0/16' }) });
    assert.equal(dockerHostOf(placed.topology, 'h1').network.subnet, '172.19.0.0/16');
  });

  test('are refused when a pinned subnet is taken, or pinned to another than they have', async () => {
    await assert.rejects(place(pinned, { taken: [subnet] }), refusal('SubnetTaken', /is taken/));
    const existing = network({ subnet: '172.19.0.0/16' });
    await assert.rejects(place(pinned, { existing }), refusal('SubnetTaken', /the topology pins/));
  });

  test('are never somebody else’s', async () => {
    for (const labels of [{}, { [LABEL_CLUSTER]: 'another' }])
      await assert.rejects(
        place(topology, { existing: network({ labels }) }),
        refusal('NameTaken', /not this cluster/),
      );
  });
});
