import { expect, test } from 'vitest'
import { largeReport, reportItemOf, reportOf } from '../../test/fixtures/report.ts'
import { formatJunit } from './junit.ts'

const AT = '2026-11-20T12:00:00.000Z'

test('states are failures, errors, skipped and passed cases of a suite a document [check/report/junit]', () => {
  const report = reportOf([
    reportItemOf(),
    reportItemOf({
      ...{ id: 'hangar/data/redis', title: 'Redis is closed', state: 'failed', remedy: 'close it' },
      evidence: [
        { kind: 'file', text: 'compose.yaml:12: open', at: AT },
        { kind: 'socket', text: '0.0.0.0:6379 listens', at: AT },
      ],
    }),
    reportItemOf({
      ...{ id: 'system/a/b', seed: 'system', title: 'It is up', state: 'unproved' },
      evidence: [{ kind: 'http', text: 'nothing answers', at: AT }],
    }),
    reportItemOf({
      ...{ id: 'system/a/c', seed: 'system', title: 'It is used', state: 'not_applicable' },
      evidence: [{ kind: 'reason', text: 'nothing uses it', at: AT }],
    }),
  ])
  expect(formatJunit(report)).toBe(`\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sallyport check production" tests="4" failures="1" errors="1" skipped="1" time="12.000">
  <testsuite name="MCP Hangar's recipe 13" tests="2" failures="1" errors="0" skipped="0" time="0" timestamp="2026-11-20T11:59:48">
    <testcase classname="hangar.security" name="tls: TLS ends in front of every public address" time="0">
      <system-out>proved
tls: https://mcp.example.com has a valid certificate</system-out>
    </testcase>
    <testcase classname="hangar.data" name="redis: Redis is closed" time="0">
      <failure message="compose.yaml:12: open" type="failed">file: compose.yaml:12: open
socket: 0.0.0.0:6379 listens
remedy: close it</failure>
    </testcase>
  </testsuite>
  <testsuite name="MCP system deployment" tests="2" failures="0" errors="1" skipped="1" time="0" timestamp="2026-11-20T11:59:48">
    <testcase classname="system.a" name="b: It is up" time="0">
      <error message="nothing answers" type="unproved">http: nothing answers</error>
    </testcase>
    <testcase classname="system.a" name="c: It is used" time="0">
      <skipped message="nothing uses it"/>
    </testcase>
  </testsuite>
</testsuites>
`)
})

test('any text is well-formed: markup, quotes, controls and halves of characters [check/report/junit]', () => {
  const wild = `</failure>&"'<![CDATA[\u0000\u001b\ud800\ufffe]]>`
  const xml = formatJunit(
    reportOf([
      reportItemOf({
        ...{ title: wild, state: 'failed', remedy: wild },
        evidence: [{ kind: 'log', text: wild, at: AT }],
      }),
    ]),
  )
  expect(xml.split('</failure>')).toHaveLength(2)
  expect(xml).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#10;)/)
  // oxlint-disable-next-line no-control-regex -- XML has no way to write them
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe]|\p{Cs}/u)
})

test('every item of a whole report is a case [check/report/junit]', () => {
  expect(formatJunit(largeReport()).match(/<testcase /g)).toHaveLength(420)
})
