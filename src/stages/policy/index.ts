export { createPolicy } from './judge.ts';
export { loadPolicies, type PolicySet } from './load.ts';
