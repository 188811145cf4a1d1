import { ITEMS } from '@sallyport/checklist/catalogue'
import {
  type Attestation,
  attestation,
  type ChecklistBook,
  type ReportItem,
} from '@sallyport/contract/checklist'
import { parseDuration } from '@sallyport/contract/config'
import { suggest } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { openBook } from '../checklist/open-book.ts'
import { standsMs } from '../checklist/stands.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { countOf, fitTable } from '../table.ts'
import { COMMAND } from '../version.ts'
import { checkGiven } from './given.ts'

const DAY_MS = 86_400_000
const CELL_CHARACTERS_MAX = 200
const SUGGESTED_MAX = 5

export interface AttestOptions extends ConfigOptions {
  readonly by?: string
  readonly note?: string
  readonly expires?: string
  readonly notApplicable?: boolean
  readonly list?: boolean
  readonly remove?: string
  readonly json?: boolean
}

/** `attest`: keeps, lists or takes back what a person stands for. */
export async function attest(
  context: Context,
  id: string | undefined,
  options: AttestOptions,
): Promise<number> {
  const { list = false, remove } = options
  const wishes = [id !== undefined, list, remove !== undefined].filter(Boolean)
  if (wishes.length !== 1) {
    throw new AppError('usage', 'give the id of an item or answer, or --list, or --remove ID')
  }
  if (list) return listAll(context, options)
  if (remove !== undefined) return removeOne(context, remove, options)
  return attestOne(context, id ?? '', options)
}

async function attestOne(context: Context, id: string, options: AttestOptions): Promise<number> {
  const longestMs = await standsMs(id)
  if (longestMs === undefined) throw unknownId(id)
  const wanted = toAttestation({ id, longestMs, nowMs: context.clock.nowMs() }, options)
  await using book = await openBook(context, options)
  await book.attest(wanted)
  const { terminal } = context
  if (options.json) {
    terminal.print(JSON.stringify(wanted))
    return EXIT.ok
  }
  const what = wanted.kind === 'attested' ? 'is attested' : 'does not apply'
  terminal.print(`${id} ${what} until ${wanted.expiresAt}, says ${printable(wanted.by, 256)}`)
  const failing = await failingWith(book, id)
  if (failing.length > 0) {
    const items = countOf(failing.length, 'item')
    terminal.note(
      `${items} of the newest report that this is about failed: what was seen to fail stays failed`,
    )
  }
  return EXIT.ok
}

async function listAll(context: Context, options: AttestOptions): Promise<number> {
  await using book = await openBook(context, options)
  const all = await book.attestations()
  const { terminal, clock } = context
  if (options.json) terminal.print(JSON.stringify({ items: all }))
  else if (all.length === 0)
    terminal.note(`nobody stands for anything: see ${COMMAND} attest --help`)
  else terminal.print(formatAll(all, { nowMs: clock.nowMs(), width: terminal.columns }))
  return EXIT.ok
}

async function removeOne(context: Context, id: string, options: AttestOptions): Promise<number> {
  await using book = await openBook(context, options)
  if (!(await book.removeAttestation(id))) {
    const known = (await book.attestations()).map(({ item }) => item)
    throw new AppError('not_found', `nobody stands for ${printable(id, 128)}${meant(id, known)}`)
  }
  if (options.json) context.terminal.print(JSON.stringify({ removed: id }))
  else context.terminal.print(`nobody stands for ${id} any more`)
  return EXIT.ok
}

interface Wanted {
  readonly id: string
  /** Time that it stands at most, milliseconds. */
  readonly longestMs: number
  readonly nowMs: number
}

/** @throws {AppError} `usage` */
function toAttestation({ id, longestMs, nowMs }: Wanted, options: AttestOptions): Attestation {
  const { by, note, expires } = options
  if (by === undefined) throw new AppError('usage', '--by is missing: say who stands for it')
  if (note === undefined) {
    throw new AppError(
      'usage',
      '--note is missing: say what was looked at, or why it does not apply',
    )
  }
  const untilMs = expires === undefined ? nowMs + longestMs : toMoment(expires, nowMs)
  const latest = new Date(nowMs + longestMs).toISOString()
  if (untilMs <= nowMs)
    throw new AppError('usage', '--expires is over already: give a time to come')
  if (untilMs > nowMs + longestMs) {
    const days = Math.floor(longestMs / DAY_MS)
    const sentence = `--expires is too far away: ${id} stands for ${countOf(days, 'day')} at most, until ${latest}`
    throw new AppError('usage', sentence)
  }
  const kind = options.notApplicable ? 'not_applicable' : 'attested'
  const [at, expiresAt] = [nowMs, untilMs].map((ms) => new Date(ms).toISOString())
  const words = { by: '--by', note: '--note' }
  return checkGiven(attestation, { item: id, kind, by, note, at, expiresAt }, words)
}

/** A duration counts from now; a day ends the attestation as it begins, in UTC. */
function toMoment(text: string, nowMs: number): number {
  const lifeMs = parseDuration(text)
  if (lifeMs !== undefined) return nowMs + lifeMs
  const isDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(
    text,
  )
  const atMs = isDate ? Date.parse(text) : Number.NaN
  if (Number.isFinite(atMs)) return atMs
  throw new AppError(
    'usage',
    '--expires takes a duration such as 7d, a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z',
  )
}

/** Items of the newest report that this is about and that failed. */
async function failingWith(book: ChecklistBook, id: string): Promise<readonly ReportItem[]> {
  const { items = [] } = (await book.report()) ?? {}
  return items.filter(
    (item) => item.state === 'failed' && (item.id === id || item.answers.includes(id)),
  )
}

function unknownId(id: string): AppError {
  const known = new Set(ITEMS.flatMap((item) => [item.id, ...item.answers]))
  const shown = printable(id, 128)
  const sentence = `neither an item nor an answer is named ${shown}${meant(id, [...known])}`
  return new AppError('usage', `${sentence}; \`${COMMAND} check --json\` names them all`)
}

/** What it was probably meant to be: misspelt, or a part of the name. */
function meant(id: string, known: readonly string[]): string {
  const near = suggest(id, known)
  const last = id.split('/').at(-1)?.toLowerCase() ?? ''
  const alike = last.length < 3 ? [] : known.filter((one) => one.includes(last))
  const all = [...new Set([...(near === undefined ? [] : [near]), ...alike])]
  if (all.length === 0) return ''
  return `; did you mean ${all.slice(0, SUGGESTED_MAX).join(', ')}?`
}

function formatAll(
  all: readonly Attestation[],
  { nowMs, width }: { readonly nowMs: number; readonly width: number | undefined },
): string {
  const cell = (text: string): string => printable(text, CELL_CHARACTERS_MAX)
  const rows = all.map(({ item, kind, by, at, expiresAt, note }) => [
    item,
    kind === 'attested' ? 'attested' : 'not applicable',
    Date.parse(expiresAt) <= nowMs ? `EXPIRED ${expiresAt}` : expiresAt,
    at,
    cell(by),
    cell(note),
  ])
  const heading = ['id', 'says', 'until', 'since', 'by', 'note']
  return fitTable(heading, rows, { width, spare: ['since', 'says'] })
}
