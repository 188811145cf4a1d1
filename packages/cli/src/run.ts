import { CommanderError } from 'commander'
import { AppError } from '@sallyport/kit/errors'
import { exitCodeOf } from '@sallyport/kit/lifecycle'
import { printableLines } from '@sallyport/kit/log'
import type { Context } from './context.ts'
import { EXIT } from './exit-code.ts'
import { createProgram } from './program.ts'

const MESSAGE_CHARACTERS_MAX = 100_000

/**
 * Runs one command line and returns its exit code. Expected failures are one sentence on stderr, JSON with
 * `--json`; anything unforeseen keeps its stack.
 *
 * @param args without the interpreter and the program
 */
export async function run(context: Context, args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok
  try {
    const program = createProgram(context, (code) => (exitCode = code))
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage
    const error = AppError.from(thrown)
    context.terminal.note(args.includes('--json') ? asJson(error) : asText(error))
    return exitCodeOf(error)
  }
}

function asJson(error: AppError): string {
  const { code, message } = error
  return JSON.stringify({ error: { code, message, retryable: error.spec.retryable } })
}

function asText(error: AppError): string {
  // A server may have written it: it goes to a terminal.
  const message = printableLines(error.message, MESSAGE_CHARACTERS_MAX)
  if (error.code !== 'internal') return `sallyport: ${message}`
  const cause = error.cause instanceof Error ? error.cause : error
  return `sallyport: this is a defect: ${cause.stack ?? cause.message}`
}
