export {
  runCommands,
  type CommandOptions,
  type CommandOutput,
  type CommandOutputs,
} from './command-outputs.ts'
export { readEnvironment, type Environment, type EnvironmentReading } from './environment.ts'
export {
  loadConfig,
  requireConfig,
  type Adapted,
  type ConfigPlace,
  type ConfigRequest,
  type LoadedConfig,
  type ReadDocument,
  type ReportAt,
  type ReportPath,
} from './load.ts'
export {
  configError,
  ConfigProblems,
  pathText,
  problemsOf,
  problemText,
  type ConfigPath,
  type ConfigProblem,
  type Place,
} from './problem.ts'
export { readTextKey } from './read-text-key.ts'
export { readYaml } from './read-yaml.ts'
export { ownReference, type Reference, type ReferenceDialect } from './references.ts'
export {
  renameKey,
  type ListNode,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  type SourceNode,
  toNode,
  toValue,
} from './source-tree.ts'
export { suggest } from './suggest.ts'
export { watchFiles, type WatchOptions } from './watch-files.ts'
export { writeYaml } from './write-yaml.ts'
