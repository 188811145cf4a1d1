import { expect, test } from 'vitest'
import { readPromql, readsSeries, readsValue } from './promql.ts'

function names(expression: string): string[] {
  return readPromql(expression).selectors.map(({ name }) => name)
}

test.each([
  ['a comparison', 'up == 0', ['up']],
  ['a function and a range', 'rate(calls_total{outcome="failed"}[5m]) > 0.1', ['calls_total']],
  ['a subquery', 'max_over_time(rate(cpu_seconds[5m])[1h:1m] offset 5m)', ['cpu_seconds']],
  [
    'labels of a by, before and after',
    'sum by (job, up) (one) / sum(two) without (up)',
    ['one', 'two'],
  ],
  ['matching of vectors', 'one / on (instance) group_left (up) two', ['one', 'two']],
  ['words between', 'one AND two or three unless four', ['one', 'two', 'three', 'four']],
  ['a recorded series', 'job:calls:rate5m > bool 1', ['job:calls:rate5m']],
  ['a comment', 'one # two == 0\n+ three', ['one', 'three']],
  ['a comment that begins a line', '# up == 0\nvector(1)', []],
  ['a string with a number sign', 'one{path="/a#b"} + two', ['one', 'two']],
  ['text in strings', 'label_replace(one, "up", "two", \'three\', `four`)', ['one']],
  ['an escaped quote in a string', 'one{a="say \\"up\\" {"} > 0 and two', ['one', 'two']],
  ['a name that is not first', '{__name__="up", job="a"}', ['']],
  ['variables of Grafana', 'rate(one{job="$job"}[$__rate_interval]) > ${limit}', ['one']],
  ['a variable in place of a name', '$metric{job="a"} + one', ['one']],
  ['numbers of every form', 'one > 1e3 + 0x1f - Inf * NaN', ['one']],
  ['an at', 'one @ 1609746000 + two @ end()', ['one', 'two']],
  ['what is cut off', 'sum(rate(one{a="b"', ['one']],
  ['nothing', '', []],
] as const)('reads the series of %s', (_what, expression, expected) => {
  expect(names(expression)).toEqual(expected)
})

test('an aggregation with its labels in front is a function', () => {
  const { functions } = readPromql('topk by (job) (3, absent(up))')
  expect([...functions]).toEqual(['topk', 'absent'])
})

test.each([
  ['calls{outcome="failed"}', 'failed', true],
  ['calls{outcome="failed"}', 'ok', false],
  ['calls{outcome!="ok"}', 'failed', true],
  ['calls{outcome=~"failed|unknown"}', 'unknown', true],
  ['calls{outcome=~"fail"}', 'failed', false],
  ['calls{outcome!~"ok|cancelled"}', 'cancelled', false],
  ['calls{outcome=~"a.*",outcome!="ab"}', 'ab', false],
  ['calls{other="x"}', 'ok', true],
  ['calls{outcome=~"(?i)failed"}', 'failed', false],
] as const)('%s reads the value %s: %s', (expression, value, expected) => {
  const [selector] = readPromql(expression).selectors
  expect(selector && readsValue(selector, 'outcome', value)).toBe(expected)
})

test.each([
  ['up', true],
  ['upward', false],
  ['{__name__=~"up|down"}', true],
  ['{__name__=~"u"}', false],
  ['{job="up"}', false],
] as const)('%s reads the series up: %s', (expression, expected) => {
  const [selector] = readPromql(expression).selectors
  expect(selector && readsSeries(selector, 'up')).toBe(expected)
})

test('an endless expression is read up to its bound', () => {
  expect(names(`${'a+'.repeat(100_000)}b`).length).toBeLessThan(60_000)
})
