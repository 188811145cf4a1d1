import { direct } from './direct.ts'
import { mcpHub, mcpProxy, supergateway } from './peers.ts'
import { rawProxy } from './raw-proxy.ts'
import type { Row, RowId } from './row.ts'
import { sallyportRow } from './sallyport.ts'
import type { Program } from './sallyport.ts'

/** The rows asked for, in the order of the tables. */
export function listRows(ids: readonly RowId[], program: Program): Row[] {
  const all = [
    direct,
    rawProxy,
    sallyportRow(program, true),
    sallyportRow(program, false),
    mcpProxy,
    supergateway,
    mcpHub,
  ]
  return all.filter(({ id }) => ids.includes(id))
}
