/** The activities that the worker registers: ours, each with heartbeats and failures in Temporal's terms around it. */
import { makeClassData } from './class-data.js';
import { claimCluster, keepClaim, releaseClaim } from './claim.js';
import type { Deps } from './deps.js';
import { notify } from './drills/notify.js';
import { resolveDrill } from './drills/resolve.js';
import { faultSupport, healFault, injectFault, lookForFault } from './faults/index.js';
import { findCluster, prepareHost, removeCreated } from './hosts.js';
import { installActiveMQ, installJava } from './install.js';
import { clearLoad, collectLedger, drainLoad, readLoad, startLoad } from './load/index.js';
import { createNetwork, placeNetworks } from './networks.js';
import { configureNode, removeNode, startNode, stopNode } from './nodes.js';
import { observeHost, readNodes } from './observe.js';
import { compareHosts, diffFiles, planSteps } from './plan.js';
import { createContainer } from './platforms/docker-containers.js';
import { removeContainer, removeNetwork, removeVolume } from './platforms/docker-removal.js';
import { clearData, clearHost } from './platforms/ssh-clear.js';
import { proveMessages } from './proof.js';
import { clearRecording, collectSamples, startRecording } from './recording.js';
import { describeHolder, resolveInput } from './resolve.js';
import { keepRecord, lastDrill } from './records.js';
import { activity } from './run-activity.js';
import { shareSecrets } from './secrets.js';
import { installService, startService } from './services.js';
import { checkStore, probeLock } from './stores.js';

/** Types are inferred: workflows import them as types, so what an activity takes and gives is written down once. */

export function createActivities(deps: Deps) {
  const of = <I, O>(work: (deps: Deps, input: I, signal: AbortSignal) => Promise<O>): ((input: I) => Promise<O>) =>
    activity((input: I, signal) => work(deps, input, signal));
  return {
    resolveInput: of(resolveInput),
    describeHolder: of(describeHolder),
    placeNetworks: of(placeNetworks),
    claimCluster: of(claimCluster),
    keepClaim: of(keepClaim),
    releaseClaim: of(releaseClaim),
    observeHost: of(observeHost),
    readNodes: of(readNodes),
    planSteps: of(planSteps),
    compareHosts: of(compareHosts),
    diffFiles: of(diffFiles),
    createNetwork: of(createNetwork),
    createContainer: of(createContainer),
    prepareHost: of(prepareHost),
    installJava: of(installJava),
    installActiveMQ: of(installActiveMQ),
    installService: of(installService),
    shareSecrets: of(shareSecrets),
    startService: of(startService),
    checkStore: of(checkStore),
    probeLock: of(probeLock),
    configureNode: of(configureNode),
    startNode: of(startNode),
    stopNode: of(stopNode),
    removeNode: of(removeNode),
    proveMessages: of(proveMessages),
    makeClassData: of(makeClassData),
    removeCreated: of(removeCreated),
    findCluster: of(findCluster),
    removeContainer: of(removeContainer),
    removeNetwork: of(removeNetwork),
    removeVolume: of(removeVolume),
    clearHost: of(clearHost),
    clearData: of(clearData),
    keepRecord: of(keepRecord),
    lastDrill: of(lastDrill),
    faultSupport: of(faultSupport),
    injectFault: of(injectFault),
    healFault: of(healFault),
    lookForFault: of(lookForFault),
    startRecording: of(startRecording),
    collectSamples: of(collectSamples),
    clearRecording: of(clearRecording),
    resolveDrill: of(resolveDrill),
    notify: of(notify),
    startLoad: of(startLoad),
    readLoad: of(readLoad),
    drainLoad: of(drainLoad),
    collectLedger: of(collectLedger),
    clearLoad: of(clearLoad),
  };
}

export type Activities = ReturnType<typeof createActivities>;
