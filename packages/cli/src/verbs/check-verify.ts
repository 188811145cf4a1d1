import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { report as reportSchema } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { judgeDocument, parsePublicKey, toPem } from '@sallyport/kit/signed'
import { judgeReportText } from '../checklist/judge-report-text.ts'
import { openBook } from '../checklist/open-book.ts'
import { findConfiguration, type ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'

const REPORT_BYTES_MAX = 64 * 1_024 * 1_024
const KEY_BYTES_MAX = 64 * 1_024

export interface VerifyOptions extends ConfigOptions {
  /** File of a public key. */
  readonly key?: string
  readonly json?: boolean
}

/** `check verify`: 1 when the report is not as somebody we trust signed it. */
export async function verifyReport(
  context: Context,
  file: string,
  options: VerifyOptions,
): Promise<number> {
  const text = await readText(context, file, REPORT_BYTES_MAX)
  const trusted = await trustedKey(context, options)
  const judged = judge(text, trusted)
  const { terminal } = context
  if (options.json) terminal.print(JSON.stringify({ ok: judged.ok, sentence: judged.sentence }))
  else if (judged.ok) terminal.print(judged.sentence)
  else terminal.note(`sallyport: ${judged.sentence}`)
  return judged.ok ? EXIT.ok : EXIT.failed
}

/** `check key`: for those who verify elsewhere. */
export async function checkKey(context: Context, options: ConfigOptions): Promise<number> {
  await using book = await openBook(context, options)
  context.terminal.print(toPem(await book.publicKey()).trim())
  return EXIT.ok
}

interface Judged {
  readonly ok: boolean
  readonly sentence: string
}

function judge(text: Buffer, trusted: string): Judged {
  const read = judgeReportText(text)
  if ('fault' in read) return { ok: false, sentence: read.fault }
  const judged = judgeDocument(read.document, trusted)
  switch (judged.verdict) {
    case 'unsigned':
      return bad('the report is not signed: only one that a store has kept is')
    case 'tampered':
      return bad('the report is not as it was signed: something in it was changed')
    case 'other_key':
      return bad(`the report is whole, but another key signed it: ${judged.keyId}`)
    case 'good':
      return describe(read.document, judged.keyId)
    default:
      return judged satisfies never
  }
}

/** Signed by us, and of a form that this version knows. */
function describe(document: object, keyId: string): Judged {
  const parsed = reportSchema.safeParse(document)
  if (!parsed.success) return bad('what was signed is no report that this version can read')
  const { id, endedAt, environment, version, summary } = parsed.data
  const counts = Object.entries(summary).map(([state, count]) => `${count} ${state}`)
  return {
    ok: true,
    sentence: [
      `report ${id} is as it was signed by key ${keyId}`,
      `of ${environment} at ${endedAt}, by version ${version}: ${counts.join(', ').replace('_', ' ')}`,
    ].join('\n'),
  }
}

function bad(sentence: string): Judged {
  return { ok: false, sentence }
}

/** @throws {AppError} `usage` where nothing says whose key it must be */
async function trustedKey(context: Context, options: VerifyOptions): Promise<string> {
  const { key } = options
  if (key !== undefined) {
    const text = await readText(context, key, KEY_BYTES_MAX)
    try {
      return parsePublicKey(text.toString())
    } catch (cause) {
      const { message } = AppError.from(cause)
      throw new AppError('usage', `--key ${key} holds none: ${message}`, { cause })
    }
  }
  if (findConfiguration(context, options).kind === 'none') {
    throw new AppError(
      'usage',
      'there is no deployment here whose key could have signed: give --key FILE, or --config FILE',
    )
  }
  await using book = await openBook(context, options)
  return await book.publicKey()
}

/** @throws {AppError} `usage` */
async function readText({ cwd }: Context, file: string, bytesMax: number): Promise<Buffer> {
  try {
    await using handle = await open(resolve(cwd, file))
    const { size } = await handle.stat()
    if (size > bytesMax) throw new RangeError(`it has more than ${bytesMax} bytes`)
    return await handle.readFile()
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new AppError('usage', `${file} cannot be read: ${why}`, { cause })
  }
}
