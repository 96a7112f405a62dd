export type { ListenAddress } from './address.ts';
export { type Configuration, loadConfiguration } from './configuration.ts';
export type { ConnectionSettings } from './connections.ts';
export { configurationJsonSchema } from './json-schema.ts';
export type { Listeners, ListenerTls } from './listeners.ts';
export type { ConfigurationProblem } from './problem.ts';
