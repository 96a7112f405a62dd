export { createPolicy, type PolicyJudge } from './judge.ts';
export { loadPolicies, type PolicySet } from './load.ts';
