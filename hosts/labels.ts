import { LABEL_CLUSTER } from '../core/naming.js';

export type Labels = Record<string, string>;

/** Whether something carries all of these labels. */
export const carries = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** Docker's filter for all that belongs to one cluster. */
export const clusterFilter = (cluster: string): { label: string[] } => ({ label: [`${LABEL_CLUSTER}=${cluster}`] });
