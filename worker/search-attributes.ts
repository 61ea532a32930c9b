import { EverbrokerError } from '../core/failure.js';
import { SEARCH_ATTRIBUTES } from '../core/naming.js';

/** INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;

/** What is needed of a connection; both the client's and the worker's have it. */
export interface OperatorConnection {
  operatorService: {
    listSearchAttributes(request: { namespace: string }): Promise<{
      customAttributes?: Record<string, number> | null;
    }>;
    addSearchAttributes(request: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>;
  };
}

/**
 * Sees to it that the namespace knows Everbroker's search attributes: without them no operation can be started.
 * Gives the names that were added.
 * @throws EverbrokerError TemporalUnreachable | InvalidInput with the commands to run, where they may not be added or
 * one has another type.
 */
export async function ensureSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const known = await list(connection, namespace);
  const wrong = SEARCH_ATTRIBUTES.filter((name) => name in known && known[name] !== KEYWORD);
  if (wrong.length > 0) {
    throw new EverbrokerError(
      'InvalidInput',
      `the namespace ${namespace} has ${wrong.join(', ')} with another type than Keyword; remove or rename it there`,
      { namespace, wrong },
    );
  }
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in known));
  if (missing.length === 0) return [];
  try {
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    return missing;
  } catch (error) {
    // Another worker may have been quicker.
    const now = await list(connection, namespace);
    if (missing.every((name) => now[name] === KEYWORD)) return [];
    throw notAdded({ namespace, missing, error });
  }
}

async function list(connection: OperatorConnection, namespace: string): Promise<Record<string, number>> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return customAttributes ?? {};
}

function notAdded(what: { namespace: string; missing: string[]; error: unknown }): EverbrokerError {
  const { namespace, missing, error } = what;
  const commands = missing.map(
    (name) => `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type Keyword`,
  );
  return new EverbrokerError(
    'TemporalUnreachable',
    [
      `the namespace ${namespace} lacks search attributes, and they could not be added`,
      `(${error instanceof Error ? error.message : String(error)}). Have someone who may run:`,
      ...commands,
    ].join('\n'),
    { namespace, missing },
    { cause: error },
  );
}
