export { PolicyKeeper } from './keeper.ts';
export { createPolicy } from './judge.ts';
export { loadPolicies } from './load.ts';
export type { PolicySet } from './policy.ts';
