/** Who was what when, as the hosts' agents recorded it during a drill. JSON-plain. */

/**
 * master: its openwire port listens. slave: it waits for the lock. recovering: it lives and does neither (it starts, or has
 * the lock and reads its journal). frozen: its process is stopped (T).
 */
export type SampledRole = 'master' | 'slave' | 'recovering' | 'frozen' | 'down';

/** What a host's agent saw of its nodes at one moment; recorded when it changed, and once a second. */
export interface RoleSample {
  /** ms since the epoch by the host's clock. */
  at: number;
  host: string;
  roles: Record<string, SampledRole>;
}
