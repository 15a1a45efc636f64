/**
 * The configuration: one schema (schema.ts) and its reader: file, then environment, then flags (read.ts). Every problem
 * is told with where it is and what to write instead. For the command line and the sandbox.
 */
export { ConfigError, type ConfigProblem, nearest } from './problems.ts'
export {
  type ConfigSources,
  CREDENTIAL,
  environmentName,
  flagName,
  type LoadedConfig,
  loadConfig,
} from './read.ts'
export { CONFIG_LEAVES, type Config, type ConfigLeaf, ConfigSchema, valueAt } from './schema.ts'
