import type { RowId } from './gateways/row.ts'
import type { Mode } from './options.ts'
import type { Era } from './wire/mcp.ts'
import type { Size } from './wire/payload.ts'

/** Which echo server stands behind the rows, and how it is reached. */
export interface Backend {
  readonly server: 'bare' | 'sdk'
  readonly transport: 'http' | 'stdio'
}

/** What the clients ask of it. */
export interface Cell {
  readonly size: Size
  readonly connections: 1 | 32
  readonly era: Era
}

export interface Scenario {
  readonly backend: Backend
  readonly cells: readonly Cell[]
  readonly rows: readonly RowId[]
}

const SMALL_BUSY_MODERN: Cell = { size: '1k', connections: 32, era: 'modern' }
const SMALL_ALONE_MODERN: Cell = { size: '1k', connections: 1, era: 'modern' }
const SMALL_BUSY_LEGACY: Cell = { size: '1k', connections: 32, era: 'legacy' }
const SMALL_ALONE_LEGACY: Cell = { size: '1k', connections: 1, era: 'legacy' }
const LARGE_BUSY_MODERN: Cell = { size: '100k', connections: 32, era: 'modern' }
const LARGE_BUSY_LEGACY: Cell = { size: '100k', connections: 32, era: 'legacy' }

const OURS: readonly RowId[] = ['direct', 'raw-proxy', 'sallyport']
const ALL_OURS: readonly RowId[] = [...OURS, 'sallyport-no-audit']
const PEERS: readonly RowId[] = ['mcp-proxy', 'supergateway', 'mcp-hub']

/** What each mode measures. The quick one holds exactly what the targets of the design need. */
export function planScenarios(mode: Mode): readonly Scenario[] {
  switch (mode) {
    case 'quick':
      return [
        scenario('bare', 'http', ALL_OURS, [
          SMALL_BUSY_MODERN,
          SMALL_ALONE_MODERN,
          SMALL_BUSY_LEGACY,
        ]),
        scenario('sdk', 'http', OURS, [SMALL_BUSY_MODERN]),
        scenario('bare', 'stdio', [...OURS, ...PEERS], [SMALL_BUSY_LEGACY]),
      ]
    case 'default':
      return [
        scenario('bare', 'http', ALL_OURS, [
          SMALL_BUSY_MODERN,
          SMALL_ALONE_MODERN,
          SMALL_BUSY_LEGACY,
          LARGE_BUSY_MODERN,
        ]),
        scenario('sdk', 'http', OURS, [SMALL_BUSY_MODERN, SMALL_ALONE_MODERN, SMALL_BUSY_LEGACY]),
        scenario(
          'bare',
          'stdio',
          [...OURS, ...PEERS],
          [SMALL_BUSY_LEGACY, SMALL_ALONE_LEGACY, SMALL_BUSY_MODERN, LARGE_BUSY_LEGACY],
        ),
        scenario('sdk', 'stdio', [...OURS, ...PEERS], [SMALL_BUSY_LEGACY]),
      ]
    case 'full':
      return fullScenarios()
  }
}

function fullScenarios(): Scenario[] {
  const cells: Cell[] = []
  for (const era of ['modern', 'legacy'] as const) {
    for (const size of ['1k', '100k'] as const) {
      cells.push({ size, connections: 32, era }, { size, connections: 1, era })
    }
  }
  return [
    scenario('bare', 'http', ALL_OURS, cells),
    scenario('sdk', 'http', ALL_OURS, cells),
    scenario('bare', 'stdio', [...ALL_OURS, ...PEERS], cells),
    scenario('sdk', 'stdio', [...ALL_OURS, ...PEERS], cells),
  ]
}

function scenario(
  server: Backend['server'],
  transport: Backend['transport'],
  rows: readonly RowId[],
  cells: readonly Cell[],
): Scenario {
  return { backend: { server, transport }, rows, cells }
}
