export {
  type Configuration,
  type ConfigurationProblem,
  type ConnectionSettings,
  type ListenAddress,
  type Listeners,
  type ListenerTls,
  loadConfiguration,
} from './configuration.ts';
export { configurationJsonSchema } from './json-schema.ts';
