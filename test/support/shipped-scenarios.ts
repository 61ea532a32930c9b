/** The shipped scenarios by the shipped topology that they are meant for. */
export const SHIPPED_SCENARIOS: Record<string, readonly string[]> = {
  'ha-6': [
    'kill-master',
    'stop-master',
    'freeze-master',
    'partition-group',
    'cut-bridge',
    'kill-slave',
    'rolling-kills',
    'load-balance',
  ],
  'ha-2-hosts': ['lose-host'],
  'jdbc-mariadb': ['database-restart'],
};
