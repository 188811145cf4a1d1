import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatHtml, formatJunit, formatSarif, formatText } from '@sallyport/checklist/report'
import type { Report } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import type { Context } from '../context.ts'
import { COMMAND } from '../version.ts'

/** The form of a report. None of them = text for a person. */
export interface OutputOptions {
  readonly json?: boolean
  readonly junit?: boolean
  readonly sarif?: boolean
  readonly html?: boolean
  /** A file for that form; the text is printed all the same. */
  readonly out?: string
  readonly verbose?: boolean
}

/**
 * Prints a report, or writes it to a file and prints it as text.
 *
 * @throws {AppError} `usage` for a file that cannot be written
 */
export async function putOut(
  context: Context,
  report: Report,
  options: OutputOptions,
): Promise<void> {
  const { terminal, cwd } = context
  if (options.out === undefined) {
    terminal.print(formOf(context, report, options))
    return
  }
  const file = resolve(cwd, options.out)
  const isText = !options.json && !options.junit && !options.sarif && !options.html
  const text = isText ? textOf(context, report, options, 'plain') : formOf(context, report, options)
  await writeWhole(file, `${text.trimEnd()}\n`)
  terminal.print(textOf(context, report, options))
  terminal.note(`wrote ${file}`)
}

function formOf(context: Context, report: Report, options: OutputOptions): string {
  if (options.json) return JSON.stringify(report)
  if (options.junit) return formatJunit(report).trimEnd()
  if (options.sarif) return formatSarif(report)
  if (options.html) return formatHtml(report).trimEnd()
  return textOf(context, report, options)
}

function textOf(
  { terminal, environment }: Context,
  report: Report,
  { verbose }: OutputOptions,
  form: 'fitted' | 'plain' = 'fitted',
): string {
  const isPlain = form === 'plain'
  return formatText(report, {
    width: isPlain ? undefined : terminal.columns,
    colour: !isPlain && terminal.isInteractive && !environment['NO_COLOR'],
    verbose: verbose === true,
    command: COMMAND,
  })
}

/** All of it or nothing: whoever reads the file meanwhile has the one before. */
async function writeWhole(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.part`
  try {
    await writeFile(beside, text)
    await rename(beside, file)
  } catch (cause) {
    await rm(beside, { force: true })
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const sentence = `the report cannot be written to ${file} (${code}): give --out another file`
    throw new AppError('usage', sentence, { cause })
  }
}
