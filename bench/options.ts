import { parseArgs } from 'node:util'
import { ROW_IDS } from './gateways/row.ts'
import type { RowId } from './gateways/row.ts'

export type Mode = 'quick' | 'default' | 'full'

/** What one run of the bench was asked for. */
export interface Options {
  readonly mode: Mode
  readonly rows: readonly RowId[]
  /** Runs of every cell. */
  readonly runs: number
  readonly measureMs: number
  /** Puts the results into `bench/README.md`. */
  readonly write: boolean
  /** Also writes them as JSON to this file. */
  readonly json: string | undefined
  readonly profile: boolean
  /** Runs Sallyport from its sources instead of the packed form. */
  readonly checkout: boolean
}

export const USAGE = `npm run bench -- [options]

  --quick          one run of the cells that the targets need (under 3 minutes)
  --full           every cell, five runs (over half an hour)
  --only ROW,...   only these rows: ${ROW_IDS.join(', ')}
  --runs N         runs of every cell (default 3, quick 1, full 5)
  --seconds N      length of one measurement (default 1.5)
  --write          put the results into bench/README.md
  --json FILE      also write the results as JSON
  --checkout       run Sallyport from its sources instead of packing it first
  --profile        instead of measuring, say where Sallyport's CPU time goes
`

const RUNS: Readonly<Record<Mode, number>> = { quick: 1, default: 3, full: 5 }

/**
 * Reads the command line.
 *
 * @throws {Error} one sentence naming what is wrong with it
 */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string', default: '1.5' },
      write: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      checkout: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (values.quick && values.full) throw new Error('--quick and --full exclude each other')
  const mode: Mode = values.quick ? 'quick' : values.full ? 'full' : 'default'
  return {
    mode,
    rows: parseRows(values.only),
    runs: values.runs === undefined ? RUNS[mode] : parseNumber('--runs', values.runs, [1, 50]),
    measureMs: parseNumber('--seconds', values.seconds, [0.1, 600]) * 1_000,
    write: values.write,
    json: values.json,
    profile: values.profile,
    checkout: values.checkout,
  }
}

function parseRows(only: string | undefined): readonly RowId[] {
  if (only === undefined) return ROW_IDS
  return only.split(',').map((name) => {
    const id = ROW_IDS.find((known) => known === name)
    if (id === undefined) throw new Error(`no row ${name}; there are ${ROW_IDS.join(', ')}`)
    return id
  })
}

function parseNumber(name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text)
  if (value >= min && value <= max) return value
  throw new Error(`${name} takes a number from ${min} to ${max}, not ${text}`)
}
