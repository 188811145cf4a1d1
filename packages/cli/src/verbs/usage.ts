import type { UsageItem } from '@sallyport/contract/admin'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'
import { fitTable } from '../table.ts'

const TEXT_CHARACTERS_MAX = 200

/** `usage`: what each principal used today, and what was refused. */
export async function listUsage(
  context: Context,
  options: ConfigOptions & { readonly json?: boolean },
): Promise<number> {
  const { terminal } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.listUsage()
  if (options.json) terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) terminal.note('nobody has called today')
  else terminal.print(formatUsage(list.items, terminal.columns))
  return EXIT.ok
}

/** A line for each principal; quotas stand behind what was used of them. */
export function formatUsage(items: readonly UsageItem[], width: number | undefined): string {
  return fitTable(
    ['principal', 'name', 'calls today', 'writes today', 'in flight', 'queued', 'refused'],
    items.map((item) => [
      printable(item.principal, TEXT_CHARACTERS_MAX),
      printable(item.name ?? '-', TEXT_CHARACTERS_MAX),
      usedOf(item.calls, item.daily),
      usedOf(item.writes, item.writesDaily),
      String(item.inFlight),
      String(item.queued),
      refusedOf(item),
    ]),
    { width, spare: ['queued', 'in flight'] },
  )
}

function usedOf(used: number, bound: number | null): string {
  return bound === null ? String(used) : `${used} of ${bound}`
}

/** `12 (rate_limited 10, quota_exceeded 2)`. */
function refusedOf({ refused, refusals }: UsageItem): string {
  if (refused === 0) return '0'
  const each = Object.entries(refusals).map(([code, times]) => `${code} ${times}`)
  return printable(`${refused} (${each.join(', ')})`, TEXT_CHARACTERS_MAX)
}
