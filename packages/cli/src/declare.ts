/** Told once how a verb ended. */
export type Finish = (exitCode: number) => void

/** Options that many verbs have. */
export const CONFIG = ['--config <file>', 'the configuration; default: as `up` finds it'] as const
export const JSON_OUTPUT = ['--json', 'print JSON for programs'] as const
