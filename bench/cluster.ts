/** A cluster that is there while a part measures, and gone afterwards. */
import type { TopologyInput } from '../core/topology/schema.js';
import { EverbrokerOnTest } from './everbroker.js';
import type { PartOptions } from './part.js';

export async function withCluster<T>(
  { cache, tarball, signal }: PartOptions,
  topology: TopologyInput,
  body: (everbroker: EverbrokerOnTest) => Promise<T>,
): Promise<T> {
  const everbroker = await EverbrokerOnTest.open({ cache, tarball, topology });
  try {
    await everbroker.start(signal);
    await everbroker.deploy(signal);
    return await body(everbroker);
  } finally {
    await everbroker.close();
  }
}
