/**
 * Every way in which Everbroker fails, by name. The name is the `type` of the ApplicationFailure, the key of the exit
 * code, and the heading in docs/failures.md. Nothing in the project recognises an error by its text.
 */
export interface FailureKind {
  /** Whether trying the same thing again can help. */
  retryable: boolean;
  /** Whose fault it is, for the reader of the message. */
  fault: 'user' | 'environment' | 'everbroker';
  /** Exit code of the CLI. */
  exitCode: number;
  /** What to do about it. */
  hint: string;
}

const user = (exitCode: number, hint: string): FailureKind => ({ retryable: false, fault: 'user', exitCode, hint });
const environment = (retryable: boolean, exitCode: number, hint: string): FailureKind => ({
  retryable,
  fault: 'environment',
  exitCode,
  hint,
});

export const FAILURES = {
  InvalidInput: user(2, 'Correct every problem listed; nothing was touched.'),
  NotSupportedYet: user(2, 'This part of the topology format is not built yet; use what the message names instead.'),
  InputRefused: user(2, 'The worker does not let inputs reach this; ask who runs the worker.'),
  ClusterUnknown: user(2, 'No cluster of that name was found by the worker; deploy it first or give its topology.'),
  ClusterBusy: environment(false, 3, 'Wait for the operation that the message names, or cancel it.'),
  OwnershipLost: environment(false, 3, 'Another operation took the cluster over; look at its workflow.'),
  SubnetTaken: user(4, 'Choose a free subnet, or let the subnet be `policy: preferred`.'),
  PortTaken: user(4, 'Free the port, or choose another in the topology.'),
  AddressTaken: user(4, 'Free the address, or choose another in the topology.'),
  NameTaken: user(4, 'Something that is not this cluster’s carries the name; remove it or choose another name.'),
  HostUnfit: environment(false, 4, 'Mend every problem listed on its host; nothing was changed.'),
  TemporalUnreachable: environment(
    true,
    5,
    'Start that Temporal server, correct TEMPORAL_ADDRESS, or unset it to have one started.',
  ),
  TemporalDidNotStart: environment(true, 5, 'Read the end of the server’s log above.'),
  WorkerDidNotStart: environment(true, 5, 'Read the end of the worker’s log above.'),
  EngineUnreachable: environment(true, 5, 'Start the Docker engine, or point DOCKER_HOST at the right one.'),
  EngineChanged: environment(
    false,
    5,
    'The host is pinned to another Docker engine or machine: reach that one, or, if it is gone for good, forget it as the message says.',
  ),
  HostUnreachable: environment(true, 5, 'See whether the host runs and can be reached from the worker.'),
  HostKeyRefused: environment(
    false,
    5,
    'Compare the fingerprint with the host’s own; pin the right one as `fingerprint`, or put it into known_hosts.',
  ),
  LoginRefused: environment(
    false,
    5,
    'Correct user, key or password of the host, or its sudo rights: try `ssh user@host sudo -n true` from the worker.',
  ),
  CommandFailed: environment(true, 5, 'Read the end of the output above.'),
  CommandTimedOut: environment(true, 5, 'The host is slow or stuck; look at its load.'),
  ArtefactUnavailable: environment(true, 6, 'See the network, or put the file into the artefact cache by hand.'),
  ArtefactCorrupt: environment(
    false,
    6,
    'The checksum does not match: correct it in the topology, or remove the file.',
  ),
  JavaUnavailable: environment(true, 6, 'See the package sources of the host, or use an archive (`java.source`).'),
  DatabaseUnavailable: environment(
    true,
    6,
    'See the package sources of the host, or install the database into its image.',
  ),
  DatabaseDidNotStart: environment(true, 7, 'Read the end of the database’s log above.'),
  StoreUnreachable: environment(true, 7, 'Start the database, or correct its address in the topology.'),
  StoreRefused: user(
    7,
    'Correct the user, the password or the rights in the database, or the reference in the topology.',
  ),
  StoreChanged: user(
    4,
    'Put the old store back, or say in the topology that you know (`movedFrom`, as the message says); nothing was changed.',
  ),
  StoreNotShared: environment(
    false,
    7,
    'Mount the same file system on every host of the group, or put its nodes on one host or one Docker engine; no broker was started.',
  ),
  LockNotShared: environment(
    false,
    7,
    'Take a file system whose locks hold between hosts (NFS 4, without `nolock` or `local_lock`), or a store in a database (jdbc); no broker was started.',
  ),
  BrokerDidNotStart: environment(true, 7, 'Read the end of the broker’s log above.'),
  FaultImpossible: environment(
    false,
    4,
    'Take a scenario whose fault can be done there, or give the host what the message names; nothing was broken.',
  ),
  VerificationFailed: environment(false, 8, 'Each failed check above names its fault.'),
  DrillRefused: user(2, 'Choose a scenario that fits the topology and its environment; nothing was broken.'),
  DrillFailed: environment(false, 10, 'Read the record of the drill: `everbroker report <run>` draws it.'),
  FaultNotHealed: environment(
    false,
    10,
    'A fault was still found on its host: look there at once; the message says where.',
  ),
  WebhookFailed: environment(
    true,
    5,
    'See whether the webhook runs and takes POST; its address is `notify.webhook.url`.',
  ),
  StepSkippedByUser: environment(false, 9, 'A failed step was skipped on request; verify tells what is missing.'),
  Aborted: environment(false, 9, 'The operation was aborted on request; deploy goes on from here.'),
} as const satisfies Record<string, FailureKind>;

export type FailureType = keyof typeof FAILURES;

/** The one error class that layers below the activities throw. `to-failure.ts` turns it into an ApplicationFailure. */
export class EverbrokerError extends Error {
  override readonly name = 'EverbrokerError';
  readonly type: FailureType;
  /** JSON-plain facts for programs: host, command, exit code, end of the output. No secrets. */
  readonly details: Record<string, unknown>;

  constructor(
    type: FailureType,
    message: string,
    details: Record<string, unknown> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.type = type;
    this.details = details;
  }
}
