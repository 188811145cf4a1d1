import { styleText } from 'node:util'
import type { State } from '@sallyport/contract/checklist'
import { printable } from '@sallyport/kit/log'
import { STATE_SHOWN } from './words.ts'

const COLOURS = {
  failed: 'red',
  unproved: 'yellow',
  proved: 'green',
  attested: 'cyan',
  not_applicable: 'gray',
} as const satisfies Record<State, string>

/** Text is never broken into pieces smaller than this, however narrow it gets. */
const ROOM_MIN = 20
const CHARACTERS_MAX = 10_000
const GAP = 2

/** Lays text out for one terminal. */
export interface Layout {
  heading(text: string): string
  /** The sign of a state, coloured where there are colours. */
  sign(state: State): string
  /** A text with a mark before it, wrapped below itself. @param indent characters before the mark */
  line(indent: number, mark: string, text: string): string
  /** Numbers to the right of names. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): string
}

/** @param given `width` in characters, undefined = no lines are broken */
export function layOut({
  width,
  colour,
}: {
  readonly width: number | undefined
  readonly colour: boolean
}): Layout {
  const paint = (format: 'bold' | (typeof COLOURS)[State], text: string): string =>
    colour ? styleText(format, text, { validateStream: false }) : text
  return {
    heading: (text) => paint('bold', text),
    sign: (state) => paint(COLOURS[state], STATE_SHOWN[state].sign),
    line: (indent, mark, text) => {
      const before = ' '.repeat(indent)
      const hang = indent + lengthOf(mark)
      const room = width === undefined ? Infinity : Math.max(width - hang, ROOM_MIN)
      const [first = '', ...others] = wrap(printable(text, CHARACTERS_MAX), room)
      const below = others.map((part) => ' '.repeat(hang) + part)
      return [`${before}${mark}${first}`, ...below].join('\n')
    },
    table: (head, rows) => formatCounts(head, rows, width),
  }
}

/** Without the escapes of colours. */
function lengthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escapes of colours
  return text.replace(/\u001b\[\d+m/g, '').length
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room)
    const end = space > 0 ? space : room
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

function formatCounts(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const lines = [head, ...rows]
  const widths = head.map((_cell, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const all = widths.reduce((sum, one) => sum + one + GAP, -GAP)
  if (width !== undefined && all > width) return formatNarrow(head, rows, width)
  return lines
    .map((line) =>
      line
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join(' '.repeat(GAP))
        .trimEnd(),
    )
    .join('\n')
}

/** A line a row, what is nought left out. */
function formatNarrow(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  return rows
    .map(([name = '', ...cells]) => {
      const counts = cells.flatMap((cell, at) => (cell === '0' ? [] : [`${cell} ${head[at + 1]}`]))
      return wrap(`${name}: ${counts.join(', ')}`, Math.max(width, ROOM_MIN)).join('\n')
    })
    .join('\n')
}
