import type { ConfigProblem, Environment } from '@sallyport/kit/config'
import type { z } from 'zod'

/** What of a problem is said by whoever finds it. */
export interface Fault {
  readonly message: string
  readonly remedy: string
}

/** Reads environment variables through schemas and keeps everything that is wrong with them. An empty one is unset. */
export class VariableReader {
  readonly #env: Environment
  readonly #problems: ConfigProblem[] = []

  constructor(env: Environment) {
    this.#env = env
  }

  /** What was found so far, warnings included. */
  get problems(): readonly ConfigProblem[] {
    return this.#problems
  }

  get failed(): boolean {
    return this.#problems.some(({ severity }) => severity === 'error')
  }

  text(name: string): string | undefined {
    return this.#env[name] || undefined
  }

  /** The value, or the schema's own for none; undefined = it was refused, or there is none. */
  read<Value>(
    name: string,
    schema: z.ZodType<Value, string | undefined> | z.ZodType<Value, string>,
  ): Value | undefined {
    const text = this.text(name)
    if (text === undefined && !schema.isOptional()) return undefined
    const result = schema.safeParse(text)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const remedy = issue.code === 'custom' ? String(issue.params?.['remedy'] ?? '') : ''
      this.refuse(name, { message: issue.message, remedy })
    }
    return undefined
  }

  /** As `read`; that there is none is a problem. */
  require<Value>(
    name: string,
    schema: z.ZodType<Value, string>,
    remedy: string,
  ): Value | undefined {
    if (this.text(name) !== undefined) return this.read(name, schema)
    this.refuse(name, { message: 'is not set', remedy })
    return undefined
  }

  refuse(name: string, fault: Fault): void {
    this.#add('error', name, fault)
  }

  warn(name: string, fault: Fault): void {
    this.#add('warning', name, fault)
  }

  take(problems: readonly ConfigProblem[]): void {
    this.#problems.push(...problems)
  }

  #add(severity: ConfigProblem['severity'], name: string, { message, remedy }: Fault): void {
    const place = { file: 'environment', line: 0, column: 0 }
    this.#problems.push({ severity, path: name, ...place, message, remedy })
  }
}
