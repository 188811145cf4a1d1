import type { ReportItem } from '@sallyport/contract/checklist'
import { hasControls } from '@sallyport/kit/log'
import { expect, test } from 'vitest'
import { largeReport, reportItemOf, reportOf } from '../../test/fixtures/report.ts'
import { formatText, type TextOptions } from './text.ts'

const AT = '2026-11-20T12:00:00.000Z'
const OPTIONS: TextOptions = {
  ...{ width: undefined, colour: false, verbose: false, command: 'sallyport' },
}

const redis: Partial<ReportItem> = {
  state: 'failed',
  evidence: [{ kind: 'file', text: 'compose.yaml:12: redis is published', at: AT }],
  remedy: 'bind it to 127.0.0.1',
}

const REPORT = reportOf(
  [
    reportItemOf({ id: 'hangar/security/tls' }),
    reportItemOf({ ...redis, id: 'hangar/data/redis', title: 'Redis is closed' }),
    reportItemOf({
      id: 'system/monitoring/up',
      seed: 'system',
      title: 'Prometheus is up',
      state: 'unproved',
      evidence: [{ kind: 'http', text: 'nothing answers at http://127.0.0.1:9090', at: AT }],
      remedy: 'name it under `checklist.prometheus.url`',
    }),
    reportItemOf({ ...redis, id: 'system/data/redis', seed: 'system', title: 'Redis is private' }),
    reportItemOf({
      ...{ id: 'system/people/review', seed: 'system', title: 'It was reviewed' },
      ...{ state: 'unproved', remedy: 'attest it' },
      evidence: [{ kind: 'attestation', text: 'nobody has attested it', at: AT }],
    }),
    reportItemOf({
      ...{ id: 'discord/a/b', seed: 'discord', title: 'The bot is there', state: 'unproved' },
      evidence: [{ kind: 'reason', text: 'this version cannot tell yet', at: AT }],
      awaits: '08a',
    }),
  ],
  { regressions: [{ id: 'hangar/data/redis', from: 'proved', to: 'failed' }], drills: [] },
)

test('a report begins with what fails and ends with the verdict [check/report/text] [check/report/attest]', () => {
  expect(formatText(REPORT, OPTIONS)).toBe(`\
Checklist of production, with Compose, version 0.1.0, ${AT}

Fails (2)

✗ hangar/data/redis  Redis is closed
✗ system/data/redis  Redis is private
    - compose.yaml:12: redis is published
    -> bind it to 127.0.0.1

Worse than last time (1)

✗ hangar/data/redis  was proved, is failed

Unproved: nobody knows (1)

? system/monitoring/up  Prometheus is up
    - nothing answers at http://127.0.0.1:9090
    -> name it under \`checklist.prometheus.url\`

To attest: no program can see it (1)

each with:  sallyport attest ID --by NAME --note TEXT
? system/people/review  It was reviewed

Unproved until a part that is to come can tell (1)

? 1 with the Discord bot

                        items  failed  unproved  proved  attested  n/a
MCP Hangar's recipe 13      2       1         0       1         0    0
MCP system deployment       3       1         2       0         0    0
Discord bot                 1       0         1       0         0    0

✗ failed: 2 of 6 items fail, 3 are unproved
one item in full: \`sallyport check --explain ID\``)
})

test('items that one attestation answers are asked for once [check/report/attest]', () => {
  const asked = (id: string, answers: string[]) =>
    reportItemOf({
      ...{ id, title: id, state: 'unproved', answers },
      evidence: [{ kind: 'attestation', text: 'nobody has attested it', at: AT }],
    })
  const text = formatText(
    reportOf([
      asked('hangar/a/b', ['attest/on-call']),
      asked('system/a/b', ['attest/on-call', 'audit/kept']),
      asked('slack/a/b', ['attest/on-call']),
      asked('slack/a/c', ['env/complete']),
    ]),
    OPTIONS,
  )
  expect(text).toContain(
    [
      'To attest: no program can see it (4)\n',
      'each with:  sallyport attest ID --by NAME --note TEXT',
      '? attest/on-call  hangar/a/b (for 2 items)',
      '? system/a/b  system/a/b',
      '? slack/a/c  slack/a/c\n',
    ].join('\n'),
  )
})

test('what passes is listed when it is asked for, and then what waits is as well [check/report/text]', () => {
  const text = formatText(REPORT, { ...OPTIONS, verbose: true })
  expect(text).toContain('Proved (1)\n\n✓ hangar/security/tls')
  expect(text).toContain('    discord/a/b  The bot is there')
})

test.each([
  [
    'passes',
    reportOf([reportItemOf()], { drills: [] }),
    /✓ passed: all 1 item is proved, attested or not applicable$/,
  ],
  [
    'has nothing in it',
    reportOf([], { drills: [] }),
    /\? unproved: nothing fails, and 0 of 0 items are unproved\n/,
  ],
])('a report that %s says so [check/report/text]', (_case, report, verdict) => {
  expect(formatText(report, OPTIONS)).toMatch(verdict)
})

test.each([60, 80, 140])(
  'no line is wider than a terminal of %i, but for commands to paste [check/report/terminal]',
  (width) => {
    const lines = formatText(largeReport(), { ...OPTIONS, width, verbose: true }).split('\n')
    const wide = lines.filter((line) => line.length > width && !line.includes('sallyport attest'))
    expect(wide).toEqual([])
  },
)

test('without colours there is no escape, with them signs and headings have some [check/report/terminal]', () => {
  const escapes = (colour: boolean): number =>
    formatText(largeReport(), { ...OPTIONS, width: 80, colour }).split('\u001b[').length - 1
  expect(escapes(false)).toBe(0)
  expect(escapes(true)).toBeGreaterThan(100)
})

test('nothing that evidence says moves the cursor [check/report/terminal]', () => {
  const evil = reportItemOf({
    ...{ state: 'failed', title: 'a\u001b[2Jb', remedy: 'c\u001b]0;d\u0007e' },
    evidence: [{ kind: 'log', text: 'f\rg\u009bh', at: AT }],
  })
  const lines = formatText(reportOf([evil]), OPTIONS).split('\n')
  expect(lines.filter((line) => hasControls(line))).toEqual([])
})
