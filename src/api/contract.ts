/** What the API speaks, as schemas: the document at /api/v1/openapi.json and the console's types are made of these. */
export * from './contract/approvals.ts';
export * from './contract/connections.ts';
export * from './contract/gateway.ts';
export * from './contract/keeping.ts';
export * from './contract/live.ts';
export * from './contract/login.ts';
export * from './contract/masking.ts';
export * from './contract/overview.ts';
export { components } from './contract/pieces.ts';
export * from './contract/record.ts';
export * from './contract/runs.ts';
