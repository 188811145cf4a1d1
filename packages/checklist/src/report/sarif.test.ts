import type { Evidence } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { largeReport, reportItemOf, reportOf } from '../../test/fixtures/report.ts'
import { formatSarif } from './sarif.ts'

const AT = '2026-11-20T12:00:00.000Z'

interface Sarif {
  readonly version: string
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } }
      readonly results: readonly {
        readonly ruleId: string
        readonly ruleIndex: number
        readonly kind: string
        readonly level: string
        readonly message: { readonly text: string }
        readonly locations?: readonly unknown[]
        readonly properties: Readonly<Record<string, string>>
      }[]
    },
  ]
}

function parsed(report: ReturnType<typeof reportOf>): Sarif['runs'][0] {
  const sarif = JSON.parse(formatSarif(report)) as Sarif // looked at below
  expect(sarif.version).toBe('2.1.0')
  return sarif.runs[0]
}

test('what fails is an error, what is unproved is open, and each has its rule [check/report/sarif]', () => {
  const { tool, results } = parsed(largeReport())
  expect(tool.driver.rules).toHaveLength(420)
  expect(results.map(({ ruleId }) => ruleId)).toEqual(
    results.map(({ ruleIndex }) => tool.driver.rules[ruleIndex]?.id),
  )
  const kinds = new Set(
    results.map(({ kind, level, properties }) => `${kind} ${level} ${properties['state']}`),
  )
  expect([...kinds].sort()).toEqual(['fail error failed', 'open none unproved'])
})

test('a result says what was seen and how to mend it [check/report/sarif]', () => {
  const { results } = parsed(
    reportOf([
      reportItemOf({
        ...{ title: 'Redis is closed', state: 'failed', remedy: 'bind it to 127.0.0.1' },
        evidence: [{ kind: 'file', text: 'compose.yaml:12:3: redis is published', at: AT }],
      }),
    ]),
  )
  expect(results).toEqual([
    {
      ...{ ruleId: 'hangar/security/tls', ruleIndex: 0, kind: 'fail', level: 'error' },
      message: {
        text: 'Redis is closed. compose.yaml:12:3: redis is published. bind it to 127.0.0.1.',
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'compose.yaml', uriBaseId: 'DEPLOYMENT' },
            region: { startLine: 12, startColumn: 3 },
          },
        },
      ],
      partialFingerprints: { 'sallyportItem/v1': 'hangar/security/tls' },
      properties: { state: 'failed', remedy: 'bind it to 127.0.0.1' },
    },
  ])
})

const own = (uri: string) => ({ uri, uriBaseId: 'DEPLOYMENT' })

test.each([
  [
    '/etc/sallyport/sallyport.yaml:4:1 store: it is',
    { uri: 'file:///etc/sallyport/sallyport.yaml' },
    { startLine: 4, startColumn: 1 },
  ],
  ['the variable is empty in `./env/.env.production`', own('env/.env.production'), undefined],
  ['.env:7: the password is short', own('.env'), { startLine: 7 }],
  ['the service `redis` in docker-compose.yml has none', own('docker-compose.yml'), undefined],
  ['Caddyfile:0: no host', own('Caddyfile'), undefined],
])('evidence `%s` names a place [check/report/sarif]', (text, artifactLocation, region) => {
  const item = reportItemOf({ state: 'failed', evidence: [{ kind: 'file', text, at: AT }] })
  const physicalLocation = { artifactLocation, ...(region && { region }) }
  expect(parsed(reportOf([item])).results[0]?.locations).toEqual([{ physicalLocation }])
})

test.each([
  ['http', 'https://mcp.example.com/config.json answered 200'],
  ['file', 'version 1.2 of it is there'],
  ['file', `${'a/'.repeat(5_000)}b`],
] as const)('evidence of %s that names no file has no place [check/report/sarif]', (kind, text) => {
  const evidence: Evidence[] = [{ kind, text, at: AT }]
  expect(
    parsed(reportOf([reportItemOf({ state: 'failed', evidence })])).results[0],
  ).not.toHaveProperty('locations')
})
