import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CLAIMS } from '@sallyport/contract/claims'
import { expect, test } from 'vitest'

const PAGE = join(import.meta.dirname, '../../../../docs/slack/production.md')
/** Boxes of the checklist. Source: cnye36/slack-mcp-server, PRODUCTION_CHECKLIST at b26f68f0. */
const BOXES = 123

interface Row {
  readonly line: number
  readonly box: string
  readonly answer: string
}

const text = readFileSync(PAGE, 'utf8')
const rows: readonly Row[] = [...text.matchAll(/^\| (\d+) \| (.+?) \| (.+) \|$/gm)].map(
  ([, line = '', box = '', answer = '']) => ({ line: Number(line), box, answer }),
)

test('every one of the 123 boxes of the checklist has an answer, each once [slack/production]', () => {
  expect(rows).toHaveLength(BOXES)
  expect(rows.map(({ line }) => line)).toEqual(
    [...new Set(rows.map(({ line }) => line))].toSorted((a, b) => a - b),
  )
  for (const { line, answer } of rows) {
    expect([line, /\*\*(Proved|Yours)\*\*/.test(answer)]).toEqual([line, true])
  }
})

test('a box that is proved names claims or a measurement, and every claim exists [slack/production]', () => {
  for (const { line, answer } of rows.filter((row) => row.answer.startsWith('**Proved**'))) {
    const ids = [...answer.matchAll(/<!-- claim: (.+?) -->/g)].flatMap(([, named = '']) =>
      named.split(', '),
    )
    expect([line, ids.length > 0 || answer.includes('(#measured)')]).toEqual([line, true])
    expect([line, ids.filter((id) => !(id in CLAIMS))]).toEqual([line, []])
  }
})

test('every link of the page leads somewhere [slack/production]', () => {
  const headings = (path: string): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
  for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('https://')) continue
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? PAGE : join(dirname(PAGE), file)
    expect([target, existsSync(path)]).toEqual([target, true])
    if (anchor !== undefined)
      expect([target, headings(path)]).toEqual([target, expect.arrayContaining([anchor])])
  }
})
