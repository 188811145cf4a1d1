import { expect, test } from 'vitest'
import { loadGatewayConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

/** What is said of a server with these keys, and of a file with these beside it. */
function told(server: string, more = ''): string[] {
  using folder = new TestingFolder()
  const file = folder.write(
    'sallyport.yaml',
    `mcpServers:\n  a: { command: node${server} }\n${more}`,
  )
  const source = { kind: 'file', file } as const
  const { problems } = loadGatewayConfig({ source, env: {}, cwd: folder.path })
  return problems.map(({ path, severity, message }) => `${severity} ${path}: ${message}`)
}

const BURST = '`burst` has no effect without `rate`'

test.each([
  [', limits: { burst: 5 }', '', `mcpServers.a.limits.burst: ${BURST}`],
  [
    ', tools: { t: { limits: { perPrincipal: { writes: { burst: 5 } } } } }',
    '',
    `mcpServers.a.tools.t.limits.perPrincipal.writes.burst: ${BURST}`,
  ],
  [
    '',
    'limits: { perPrincipal: { writes: { burst: 5 } } }',
    `limits.perPrincipal.writes.burst: ${BURST}`,
  ],
  [
    ', limits: { daily: 5, writes: { daily: 6 } }',
    '',
    'mcpServers.a.limits.writes.daily: 6 is never reached, since all calls together may be 5',
  ],
  [
    '',
    'limits: { perPrincipal: { concurrent: 2, writes: { concurrent: 3 } } }',
    'limits.perPrincipal.writes.concurrent: 3 is never reached, since all calls together may be 2',
  ],
  [
    '',
    'limits: { results: { keep: 10m } }',
    'limits.results.keep: `keep` has no effect, since no result is kept without a budget',
  ],
  [
    ', health: { every: 1s, timeout: 5s }',
    '',
    'mcpServers.a.health.timeout: `timeout` is longer than `every`, after which a look is over',
  ],
])('what has no effect is warned of: %s %s [config/without-effect]', (server, more, line) => {
  expect(told(server, more)).toEqual([`warning ${line}`])
})

test.each([
  [', limits: { rate: 1/s, burst: 5, daily: 5, writes: { daily: 5 } }', ''],
  ['', 'limits: { perPrincipal: { daily: 5 } }'],
  ['', 'limits: { results: { keep: 10m, perCall: 1MiB } }'],
  [', tools: { t: { resultBytes: 1MiB } }', 'limits: { results: { keep: 10m } }'],
  [', health: { every: 1s }', ''],
  [', health: { every: 5s, timeout: 5s }', ''],
])('what has one is not: %s %s', (server, more) => {
  expect(told(server, more)).toEqual([])
})
