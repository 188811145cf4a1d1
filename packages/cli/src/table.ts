/**
 * Rows as aligned columns under a heading, without trailing spaces. Cells are printable text.
 *
 * @returns one line a row; the heading alone when there is none
 */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [heading, ...rows]
  const widths = heading.map((_cell, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The least that is left to the last column before others give way. */
const LAST_CHARACTERS_MIN = 30
/** Text is never broken into pieces smaller than this, however narrow it gets. */
const WRAPPED_CHARACTERS_MIN = 10
const GAP = 2

export interface TableFit {
  /** Characters on a line; undefined = as long as they are. */
  readonly width: number | undefined
  /** Headings of the columns that give way where it gets narrow, the first first. */
  readonly spare: readonly string[]
}

/** As `formatTable`, within a width: spare columns are left out, then the last column is wrapped. */
export function fitTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  { width, spare }: TableFit,
): string {
  if (width === undefined) return formatTable(heading, rows)
  const [first] = spare
  const wide = spaceBefore(heading, rows)
  const last = Math.max(...[heading, ...rows].map((line) => line.at(-1)?.length ?? 0))
  const room = width - wide
  if (room >= Math.min(last, LAST_CHARACTERS_MIN)) {
    return formatTable(heading, wrapLast(rows, room))
  }
  if (first === undefined) {
    return formatTable(heading, wrapLast(rows, Math.max(room, WRAPPED_CHARACTERS_MIN)))
  }
  const at = heading.indexOf(first)
  const without = (line: readonly string[]): string[] => line.filter((_cell, index) => index !== at)
  return fitTable(without(heading), rows.map(without), { width, spare: spare.slice(1) })
}

/** What stands before the last column, gaps included. */
function spaceBefore(heading: readonly string[], rows: readonly (readonly string[])[]): number {
  const before = heading.slice(0, -1)
  return before.reduce((sum, cell, column) => {
    const widths = rows.map((row) => row[column]?.length ?? 0)
    return sum + Math.max(cell.length, ...widths) + GAP
  }, 0)
}

function wrapLast(rows: readonly (readonly string[])[], room: number): string[][] {
  return rows.flatMap((row) => {
    const [first = '', ...others] = wrap(row.at(-1) ?? '', room)
    const blank = row.slice(0, -1).map(() => '')
    return [[...row.slice(0, -1), first], ...others.map((part) => [...blank, part])]
  })
}

/** Text in lines of at most `width` characters, broken at spaces where there are some. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const end = space > 0 ? space : width
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

/** Labelled lines under a title; texts are wrapped beside their label. Undefined texts are left out. */
export function formatFacts(
  title: string,
  facts: readonly (readonly [label: string, text: string | undefined])[],
  width: number | undefined,
): string {
  const given = facts.flatMap(([label, text]) => (text === undefined ? [] : [[label, text]]))
  const labels = Math.max(...given.map(([label = '']) => label.length))
  const room =
    width === undefined ? Infinity : Math.max(width - labels - 2 * GAP, LAST_CHARACTERS_MIN)
  const lines = given.flatMap(([label = '', text = '']) =>
    wrap(text, room).map((part, index) => [index === 0 ? label : '', part] as const),
  )
  const shown = lines.map(([label, part]) => `  ${label.padEnd(labels)}  ${part}`.trimEnd())
  return [title, ...shown].join('\n')
}

/** `1 row`, `2 rows`. @param noun in the singular, one that takes an s */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
