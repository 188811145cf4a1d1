import type { GenerationItem, ReloadResult } from '@sallyport/contract/admin'
import type { ConfigProblem } from '@sallyport/kit/config'
import { expect, test } from 'vitest'
import { formatDiff, formatHistory, formatReport } from './config.ts'

const AT = '2026-11-21T08:00:00.000Z'
const PROBLEM: ConfigProblem = {
  ...{ severity: 'error', path: 'mcpServers.files.comand', file: '/etc/sallyport.yaml' },
  ...{ line: 4, column: 5, message: 'is not known here', remedy: 'did you mean `command`?' },
}

test('a difference is shown with both sides', () => {
  const text = formatDiff({
    differences: [
      { path: 'limits.callTimeout', kind: 'changed', before: '"30s"', after: '"5s"' },
      { path: 'mcpServers.search', kind: 'added', after: '{"url":"x\\u001b[2J"}' },
      { path: 'mcpServers.old', kind: 'removed', before: '{"url":"y"}' },
    ],
    problems: [],
  })
  expect(text.split('\n')).toEqual([
    'changed: limits.callTimeout',
    '  - "30s"',
    '  + "5s"',
    'added: mcpServers.search',
    '  + {"url":"x\\u001b[2J"}',
    'removed: mcpServers.old',
    '  - {"url":"y"}',
    '3 differences: `config reload` brings the file into force',
  ])
})

test('a file that would be refused is told as `validate` does', () => {
  expect(formatDiff({ differences: [], problems: [PROBLEM] }).split('\n')).toEqual([
    'error: /etc/sallyport.yaml:4:5 mcpServers.files.comand: is not known here; did you mean `command`?',
    'a reload would refuse the file and change nothing',
  ])
  expect(formatDiff({ differences: [], problems: [] })).toBe('the file says what is in force')
})

test.each([80, 120])('the history keeps within %i columns', (width) => {
  const generations: GenerationItem[] = [12, 11].map((id) => ({
    ...{ id, at: AT, cause: 'api', by: 'key:abcdefgh', digest: 'd', current: id === 12, of: null },
    file: '/srv/mcp/production/europe/gateway-2/sallyport.yaml',
  }))
  const text = formatHistory(generations, Date.parse(AT) + 1_000, width)
  expect(text.split('\n').filter((line) => line.length > width)).toEqual([])
  expect(text).toMatch(/^id +in force /)
  expect(text).toMatch(/^12 +now /m)
})

test('a report names what happened to which servers', () => {
  const report: ReloadResult = {
    ...{ ok: true, generation: 4, of: null, changed: true, cause: 'api', at: AT, problems: [] },
    servers: { kept: ['files', 'mail'], changed: ['search'], added: ['new'], removed: ['old'] },
  }
  expect(formatReport(report).split('\n')).toEqual([
    'generation 4 is in force',
    '  added: new',
    '  changed, the old one finishes its calls: search',
    '  removed, after its calls: old',
    '  untouched: files, mail',
  ])
  expect(
    formatReport({ ...report, changed: false, problems: [{ ...PROBLEM, severity: 'warning' }] }),
  ).toMatch(/^warning: .*\ngeneration 4 stays in force: nothing differs$/)
})

test('a rollback is told with what it went back to, in the report and in the history', () => {
  const none = { kept: [], changed: [], added: [], removed: [] }
  const report: ReloadResult = {
    ...{ ok: true, generation: 5, of: 3, changed: true, cause: 'rollback', at: AT, problems: [] },
    servers: none,
  }
  expect(formatReport(report)).toContain('generation 5 is in force: it is 3 again')
  const item: GenerationItem = {
    ...{ id: 5, at: AT, cause: 'rollback', by: '', digest: 'd', current: true, of: 3 },
    file: '/etc/sallyport.yaml',
  }
  expect(formatHistory([item], Date.parse(AT), 120)).toContain('rollback to 3')
})
