import { expect, test } from 'vitest'
import { readScan } from './scan-result.ts'

const DIGEST = `sha256:${'a1'.repeat(32)}`

test.each([
  [
    'Trivy',
    {
      SchemaVersion: 2,
      CreatedAt: '2026-11-19T08:00:00Z',
      ArtifactName: 'bot:1.0',
      ArtifactType: 'container_image',
      Metadata: { RepoDigests: [`bot@${DIGEST}`] },
      Results: [
        { Target: 'os' },
        {
          Vulnerabilities: [
            { VulnerabilityID: 'CVE-1', PkgName: 'a', Severity: 'HIGH' },
            { VulnerabilityID: 'CVE-2', PkgName: 'b', Severity: 'MEDIUM' },
          ],
        },
      ],
    },
    { grave: ['CVE-1 (a)'], at: '2026-11-19T08:00:00Z', image: 'bot:1.0', digests: [DIGEST] },
  ],
  [
    'Trivy',
    { SchemaVersion: 2, ArtifactName: '.', ArtifactType: 'filesystem' },
    { grave: [], at: undefined, image: undefined, digests: [] },
  ],
  [
    'Grype',
    {
      matches: [
        { vulnerability: { id: 'CVE-3', severity: 'Critical' }, artifact: { name: 'c' } },
        { vulnerability: { id: 'CVE-4', severity: 'Low' }, artifact: { name: 'd' } },
      ],
      source: { type: 'image', target: { userInput: 'bot:1.0', repoDigests: [`bot@${DIGEST}`] } },
      descriptor: { timestamp: '2026-11-19T08:00:00Z' },
    },
    { grave: ['CVE-3 (c)'], at: '2026-11-19T08:00:00Z', image: 'bot:1.0', digests: [DIGEST] },
  ],
  [
    'npm audit',
    {
      auditReportVersion: 2,
      vulnerabilities: { left: { severity: 'critical' }, right: { severity: 'low' } },
    },
    { grave: ['left'], at: undefined, image: undefined, digests: [] },
  ],
  [
    'SARIF',
    {
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              rules: [
                { id: 'CVE-5', properties: { 'security-severity': '9.8' } },
                { id: 'CVE-6', properties: { 'security-severity': '4.0' } },
              ],
            },
          },
          invocations: [{ endTimeUtc: '2026-11-19T08:00:00Z' }],
          results: [
            { ruleId: 'CVE-5', level: 'error' },
            { ruleId: 'CVE-5', level: 'error', suppressions: [{ kind: 'external' }] },
            { ruleId: 'CVE-6', level: 'error' },
            { ruleId: 'LINT', level: 'error' },
          ],
        },
      ],
    },
    { grave: ['CVE-5', 'LINT'], at: '2026-11-19T08:00:00Z', image: undefined, digests: [] },
  ],
])('a result of %s is understood [check/supply/scan]', (tool, json, expected) => {
  expect(readScan(json)).toEqual({ tool, ...expected })
})

test.each([
  [{}],
  [[]],
  [null],
  ['text'],
  [{ SchemaVersion: 2, Results: [{ Vulnerabilities: [{}] }] }],
])('%j is no result of a scanner', (json) => {
  expect(readScan(json)).toBeUndefined()
})

test.each([
  ['without a run', []],
  [
    'of a run that broke off',
    [{ tool: { driver: {} }, invocations: [{ executionSuccessful: false }], results: [] }],
  ],
])('a SARIF %s is no result [check/supply/scan]', (_what, runs) => {
  expect(readScan({ version: '2.1.0', runs })).toBeUndefined()
})
