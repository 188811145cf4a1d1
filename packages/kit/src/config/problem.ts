import { AppError } from '../errors.ts'

/** Where something stands in a file. Line and column count from 1; 0 means there is no position. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Keys and list positions from the top of the file, as its author wrote them. */
export type ConfigPath = readonly (string | number)[]

/**
 * One thing that is wrong with a configuration. Holds shapes, never values: they may be secrets. A truth
 * value, and a number beyond the bounds of a number, are said.
 */
export interface ConfigProblem extends Place {
  /** A `warning` does not stop the start. */
  readonly severity: 'error' | 'warning'
  /** Key path, such as `mcpServers.files.args[0]`; empty for the whole file. */
  readonly path: string
  /** What is wrong: one lower-case sentence without full stop. */
  readonly message: string
  /** What to do about it, in the same form. */
  readonly remedy: string
}

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/

/** Writes a path the way people do: dots, `[0]` for lists, `["odd key"]` where a dot would mislead. */
export function pathText(path: ConfigPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!PLAIN_KEY.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** One problem on one line: `file:line:column path: message; remedy`. */
export function problemText(problem: ConfigProblem): string {
  const position = problem.line > 0 ? `:${problem.line}:${problem.column}` : ''
  const path = problem.path === '' ? '' : ` ${problem.path}:`
  const remedy = problem.remedy === '' ? '' : `; ${problem.remedy}`
  return `${problem.file}${position}${path} ${problem.message}${remedy}`
}

/** All problems of one configuration; the `cause` of the `config_invalid` that {@link configError} makes. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemText).join('\n'))
    this.problems = problems
  }
}

/** The error for a configuration that cannot be used. Its message names the first error and counts the rest. */
export function configError(problems: readonly ConfigProblem[]): AppError {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const message = first === undefined ? 'the configuration was rejected' : problemText(first) + more
  return new AppError('config_invalid', message, {
    cause: new ConfigProblems(problems),
    details: { problems: errors.length },
  })
}

/** The problems an error of {@link configError} carries; empty for any other error. */
export function problemsOf(error: unknown): readonly ConfigProblem[] {
  return error instanceof AppError && error.cause instanceof ConfigProblems
    ? error.cause.problems
    : []
}
