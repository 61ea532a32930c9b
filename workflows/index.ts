/** Exactly the workflows in the bundle. */
export { deployCluster } from './deploy-cluster.js';
export { destroyCluster } from './destroy-cluster.js';
export { holdCluster } from './hold-cluster.js';
export { planCluster } from './plan-cluster.js';
export { runDrill } from './run-drill.js';
export { statusCluster, verifyCluster } from './verify-cluster.js';
