import {
  auditQuery,
  checkInput,
  type AuditItem,
  type AuditQueryInput,
} from '@sallyport/contract/admin'
import { parseDuration } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { publicName } from '@sallyport/kit/tool-name'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import type { ConfigOptions } from '../configuration.ts'
import { openAdministration } from '../local.ts'
import { countOf, formatTable } from '../table.ts'

interface ListOptions extends ConfigOptions {
  readonly principal?: string
  readonly server?: string
  readonly tool?: string
  readonly outcome?: string
  readonly tenant?: string
  readonly request?: string
  readonly since?: string
  readonly until?: string
  readonly limit: string
  readonly cursor?: string
  readonly json?: boolean
}

const CELL_CHARACTERS_MAX = 100

/** `audit list`: rows of the audit log, newest first. */
export async function listAudit(context: Context, options: ListOptions): Promise<number> {
  const query = toQuery(options, context.clock.nowMs())
  await using administration = await openAdministration(context, options)
  const list = await administration.listAudit(query)
  if (options.json) context.terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) context.terminal.note('no rows match')
  else context.terminal.print(formatRows(list.items))
  if (!options.json && list.next !== undefined) {
    context.terminal.note(`there are more: --cursor ${list.next}`)
  }
  return EXIT.ok
}

function toQuery(options: ListOptions, nowMs: number): AuditQueryInput {
  const { principal, tenant, server, tool, outcome, request, since, until, limit, cursor } = options
  const given = {
    principal,
    tenant,
    server,
    tool,
    outcome,
    requestId: request,
    since: since === undefined ? undefined : toInstant('--since', since, nowMs),
    until: until === undefined ? undefined : toInstant('--until', until, nowMs),
    limit,
    cursor,
  }
  const query = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const checked = checkInput(auditQuery, query)
  if (checked.ok) return query
  const [{ key, sentence }] = checked.faults
  throw new AppError('usage', `--${key === 'requestId' ? 'request' : key} ${sentence}`)
}

/** A duration counts back from now. */
function toInstant(option: string, text: string, nowMs: number): string {
  const agoMs = parseDuration(text)
  const atMs = agoMs === undefined ? Date.parse(text) : nowMs - agoMs
  if (Number.isFinite(atMs)) return new Date(atMs).toISOString()
  throw new AppError(
    'usage',
    `${option} takes a duration such as 24h or a time such as 2026-11-20T12:00:00Z`,
  )
}

/** Rows as a table; a column of members only where one had a call. */
export function formatRows(rows: readonly AuditItem[]): string {
  const cell = (text: string | null): string => printable(text ?? '-', CELL_CHARACTERS_MAX)
  const routed = rows.some(({ member }) => member !== null)
  return formatTable(
    [
      'at',
      'outcome',
      'principal',
      'method',
      'tool',
      ...(routed ? ['member'] : []),
      'ms',
      'code',
      'request',
    ],
    rows.map((row) => [
      row.at,
      row.kind === 'intent' ? 'intent' : row.outcome,
      cell(row.principal),
      cell(row.method),
      cell(toolOf(row)),
      ...(routed ? [cell(row.member)] : []),
      row.durationUs === null ? '-' : (row.durationUs / 1_000).toFixed(1),
      cell(row.code),
      row.requestId,
    ]),
  )
}

/** As clients name it: what `--tool` takes. */
function toolOf({ server, tool }: AuditItem): string | null {
  return server === null || tool === null ? tool : publicName(server, tool)
}

/** `audit verify`: 1 when a row was edited, removed, reordered or cut off. */
export async function verifyAudit(
  context: Context,
  options: ConfigOptions & { readonly json?: boolean },
): Promise<number> {
  await using administration = await openAdministration(context, options)
  const report = await administration.verifyAudit()
  if (options.json) {
    context.terminal.print(JSON.stringify(report))
  } else {
    const counted = `${countOf(report.rows, 'row')} of ${countOf(report.writers, 'writer')}`
    const faults = report.broken.map(
      ({ writer, seq, kind }) => `${kind}: writer ${writer}, row ${seq}`,
    )
    context.terminal.print(
      [`${counted}: ${report.ok ? 'unbroken' : 'BROKEN'}`, ...faults].join('\n'),
    )
  }
  return report.ok ? EXIT.ok : EXIT.failed
}
