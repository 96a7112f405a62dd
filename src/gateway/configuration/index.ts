export { type Configuration, loadConfiguration } from './configuration.ts';
export { configurationJsonSchema } from './json-schema.ts';
export type { ConfigurationProblem } from './problem.ts';
