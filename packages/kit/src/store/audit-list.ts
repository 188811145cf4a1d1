import { AppError } from '../errors.ts'
import { publicName, splitName } from '../tool-name.ts'
import { CHAIN_START } from './audit-row.ts'
import { toBlob, type SqlRow, type SqlRunner, type SqlValue } from './sql-runner.ts'
import type { AuditKind, AuditOutcome, AuditQuery, AuditRow } from './store.ts'

const ROWS_MAX = 1_000

/**
 * One page of the audit log, newest first, by row id: rows written meanwhile neither repeat nor shift.
 *
 * @throws {AppError} `usage` for a limit out of bounds or a cursor that is not ours
 */
export async function listAudit(
  runner: SqlRunner,
  query: AuditQuery,
): Promise<{ items: AuditRow[]; next?: string }> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > ROWS_MAX) {
    throw new AppError('usage', `limit must be a whole number from 1 to ${ROWS_MAX}`)
  }
  const given = conditionsOf(query)
  // No row has one, and PostgreSQL takes none.
  if (given.some(({ values }) => values.some(hasNul))) return { items: [] }
  const where = given.length === 0 ? '' : `where ${given.map(({ text }) => text).join(' and ')}`
  const rows = await runner.query(`select * from audit ${where} order by id desc limit ?`, [
    ...given.flatMap(({ values }) => values),
    query.limit + 1,
  ])
  const page = rows.slice(0, query.limit)
  const items = page.map(toAuditRow)
  const last = page.at(-1)
  if (rows.length <= query.limit || last === undefined) return { items }
  return { items, next: toCursor(Number(last['id'])) }
}

function hasNul(value: SqlValue): boolean {
  return typeof value === 'string' && value.includes('\0')
}

interface Condition {
  readonly text: string
  /** One for each `?`. */
  readonly values: SqlValue[]
}

function conditionsOf(query: AuditQuery): Condition[] {
  const equal: [string, SqlValue | undefined][] = [
    ['principal = ?', query.principal],
    ['tenant = ?', query.tenant],
    ['outcome = ?', query.outcome],
    ['request_id = ?', query.requestId],
    ['at >= ?', query.sinceMs],
    ['at <= ?', query.untilMs],
    ['id < ?', query.cursor === undefined ? undefined : parseCursor(query.cursor)],
  ]
  const conditions: Condition[] = equal.flatMap(([text, value]) =>
    value === undefined ? [] : [{ text, values: [value] }],
  )
  if (query.server !== undefined) conditions.push(ofServer(query.server))
  if (query.tool !== undefined) conditions.push(ofTool(query.tool))
  return conditions
}

/**
 * A call to a tool that no server has keeps the public name as its tool, without a server. Of members one is
 * found by what is left without it, which both engines can tell, to the letter.
 */
function ofServer(server: string): Condition {
  const prefix = publicName(server, '')
  const unknown = '(server is null and substr(tool, 1, ?) = ?)'
  const member = "replace(',' || member || ',', ?, '') <> ',' || member || ','"
  return {
    text: `(server = ? or ${unknown} or (member is not null and ${member}))`,
    values: [server, [...prefix].length, prefix, `,${server},`],
  }
}

function ofTool(tool: string): Condition {
  const parts = splitName(tool)
  if (parts === undefined) return { text: 'tool = ?', values: [tool] }
  return {
    text: '((server = ? and tool = ?) or (server is null and tool = ?))',
    values: [parts.server, parts.tool, tool],
  }
}

/** A row as read; what is no hash reads as 32 zero bytes, what is no text as empty. */
function toAuditRow(row: SqlRow): AuditRow {
  const hash = toBlob(row['hash'])
  return {
    writer: toText(row['writer']),
    seq: Number(row['seq']),
    atMs: Number(row['at']),
    kind: toText(row['kind']) as AuditKind, // shown as it is, even when edited to something else
    requestId: toText(row['request_id']),
    principal: toText(row['principal']),
    tenant: toTextOrNull(row['tenant']),
    address: toText(row['address']),
    method: toText(row['method']),
    server: toTextOrNull(row['server']),
    tool: toTextOrNull(row['tool']),
    outcome: toText(row['outcome']) as AuditOutcome, // as above
    code: toTextOrNull(row['code']),
    durationUs: typeof row['duration_us'] === 'number' ? row['duration_us'] : null,
    argumentsMac: toTextOrNull(row['arguments_mac']),
    member: toTextOrNull(row['member']),
    hash: hash.length === 0 ? CHAIN_START : hash,
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function toTextOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function toCursor(id: number): string {
  return Buffer.from(String(id)).toString('base64url')
}

function parseCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (!/^\d{1,15}$/.test(text)) {
    throw new AppError('usage', 'cursor must be the "next" of a page before, unchanged')
  }
  return Number(text)
}
