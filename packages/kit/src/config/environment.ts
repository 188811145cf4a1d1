import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import type { ConfigProblem } from './problem.ts'
import { readFileText } from './read-file.ts'

const DOTENV_BYTES_MAX = 1_048_576

/** Environment variables; an empty one counts as unset wherever we read it. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentReading {
  readonly env: Environment
  readonly problems: readonly ConfigProblem[]
}

/** The process environment over the `.env` beside a file: what the process has wins. */
export function readEnvironment(file: string, env: Environment): EnvironmentReading {
  const dotenv = join(dirname(file), '.env')
  const reading = readFileText(dotenv, DOTENV_BYTES_MAX)
  if ('text' in reading) return { env: { ...parseEnv(reading.text), ...env }, problems: [] }
  if (reading.missing) return { env, problems: [] }
  const { message, remedy } = reading
  const problem: ConfigProblem = {
    severity: 'error',
    path: '',
    file: dotenv,
    line: 0,
    column: 0,
    message,
    remedy,
  }
  return { env, problems: [problem] }
}
