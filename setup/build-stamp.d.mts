export type Part = 'code' | 'bundle' | 'probe';
export function inputHash(root: string, part: Part): string;
export function isBuilt(root: string, part: Part): boolean;
export function markBuilt(root: string, part: Part, hash: string): void;
