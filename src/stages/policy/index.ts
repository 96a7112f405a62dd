export { createPolicy, type PolicyJudge } from './judge.ts';
export { loadPolicies, type PolicyProblem, type PolicySet } from './load.ts';
export { describeSchema, type PolicyCatalog } from './schema.ts';
