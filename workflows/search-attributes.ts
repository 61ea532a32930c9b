import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';

/** Search attributes by which operations are found in the UI; the worker checks that the server has them. */
export const cluster = defineSearchAttributeKey('EverbrokerCluster', SearchAttributeType.KEYWORD);
export const operation = defineSearchAttributeKey('EverbrokerOperation', SearchAttributeType.KEYWORD);
export const verdict = defineSearchAttributeKey('EverbrokerVerdict', SearchAttributeType.KEYWORD);
export const scenario = defineSearchAttributeKey('EverbrokerScenario', SearchAttributeType.KEYWORD);

/** Set by the server on what a schedule starts. */
export const scheduledBy = defineSearchAttributeKey('TemporalScheduledById', SearchAttributeType.KEYWORD);
