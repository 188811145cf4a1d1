import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { largeReport, reportItemOf, reportOf } from '../../../test/fixtures/report.ts'
import { formatHtml } from './format-html.ts'

const AT = '2026-11-20T12:00:00.000Z'

test('the page names its style and its script by hash, and loads nothing [check/report/html/alone]', () => {
  const page = formatHtml(largeReport())
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
  const inner = (tag: string): string =>
    new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)?.[1] ?? ''
  const hashOf = (text: string): string =>
    `&#39;sha256-${createHash('sha256').update(text).digest('base64')}&#39;`
  expect(policy).toBe(
    `default-src &#39;none&#39;; style-src ${hashOf(inner('style'))}; script-src ${hashOf(inner('script'))}; base-uri &#39;none&#39;; form-action &#39;none&#39;`,
  )
  expect(page).not.toMatch(/\s(?:src|srcset|action|style|on\w+)=/)
  expect(page).not.toMatch(/href="(?!#)/)
  expect(page).not.toMatch(/url\(|@import|<link|<iframe|<img/)
})

test('nothing that a report holds is markup [check/report/html/escaped]', () => {
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\`</details>`
  const item = reportItemOf({
    ...{ id: 'hangar/a/b', section: evil, title: evil, remedy: evil, answers: [evil] },
    evidence: [
      { kind: 'log', text: evil, at: evil },
      { kind: 'attestation', text: `${evil}, until ${AT}: ${evil}`, at: AT },
    ],
  })
  const states = ['failed', 'unproved', 'attested'] as const
  const report = reportOf(
    states.map((state) => ({ ...item, state })),
    {
      ...{ environment: evil, id: evil, version: evil, only: [evil], endedAt: evil },
      regressions: [{ id: evil, from: 'proved', to: 'failed' }],
      drills: [{ drill: evil, lastAt: evil, ok: true, nextAt: evil, overdue: false }],
      signOffs: [{ role: 'security', by: evil, at: evil, report: evil }],
      signature: { algorithm: 'EdDSA', keyId: evil, publicKey: evil, value: evil },
    },
  )
  const page = formatHtml(report)
  expect(page.split('<script>')).toHaveLength(2)
  expect(page).not.toContain('<img')
  expect(page).not.toContain('alert(1)</script>')
  // Every tag is one of ours, whole, with quoted attributes.
  const body = page.slice(page.indexOf('<body>'), page.indexOf('<script>'))
  const tags = body.match(/<[^>]*>/g) ?? []
  expect(
    tags.filter((tag) => !/^<\/?[a-z][a-z0-9]*(?:\s+[a-z-]+(?:="[^"<>]*")?)*\s*\/?>$/i.test(tag)),
  ).toEqual([])
})

test('pages stand in their order, what fails before all documents [check/report/html/pages]', () => {
  const page = formatHtml(largeReport())
  const anchors = [...page.matchAll(/<section class="page" id="([^"]+)">\s*<h2>([^<]+)/g)]
  expect(anchors.map(([, id, title]) => `${id}: ${title}`)).toEqual([
    'overview: Overview',
    'failed: What fails',
    'unproved: What nobody knows',
    'to-attest: What a person is asked',
    'to-come: What waits for parts to come',
    'hangar: MCP Hangar&#39;s recipe 13',
    'system: MCP system deployment',
    'slack: Slack server',
    'discord: Discord bot',
    'exposure: Rules of exposure',
    'drills: Drill calendar',
    'attestations: Attestations',
    'sign-offs: Sign-offs',
  ])
})

test('the page of MCP Hangar has its 44 boxes in order, and every link leads somewhere [check/report/html/pages]', () => {
  const report = largeReport()
  const page = formatHtml(report)
  const start = page.indexOf('id="hangar"')
  const hangar = page.slice(start, page.indexOf('id="system"'))
  const boxes = [...hangar.matchAll(/<li class="item [a-z_]+" id="i-([^"]+)"/g)].map(([, id]) => id)
  const own = report.items.filter(({ seed }) => seed === 'hangar')
  expect(boxes).toEqual(own.map(({ id }) => id.replaceAll('/', '-')))
  expect(boxes).toHaveLength(44)
  const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
  expect(targets.filter((target) => !ids.includes(target))).toEqual([])
})

test('attestations stand by their end, and those that are over say so [check/report/html/pages]', () => {
  const attested = (id: string, by: string, until: string) =>
    reportItemOf({
      ...{ id, title: id, state: 'attested' },
      evidence: [{ kind: 'attestation', text: `${by}, until ${until}: looked`, at: AT }],
    })
  const page = formatHtml(
    reportOf([
      attested('hangar/a/late', 'Ada', '2026-12-24T00:00:00.000Z'),
      attested('hangar/a/over', 'Bob', 'it expired at 2026-11-01T00:00:00.000Z'),
    ]),
  )
  const table = page.slice(page.indexOf('id="attestations"'), page.indexOf('id="sign-offs"'))
  expect(table.indexOf('Bob')).toBeLessThan(table.indexOf('Ada'))
  expect(table).toMatch(
    /<b>expired<\/b>\s*<time datetime="2026-11-01T00:00:00.000Z">2026-11-01 00:00 UTC/,
  )
})

test('a role that may not sign yet shows how much is open, and who signed for what [check/report/html/pages]', () => {
  const page = formatHtml(
    reportOf([
      reportItemOf({ state: 'failed' }),
      reportItemOf({ id: 'hangar/a/b', role: 'product' }),
    ]),
  )
  const rows = page
    .slice(page.indexOf('id="sign-offs"'))
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
  expect(rows).toContain(
    'security 1 1 Ada Ward, 2026-11-18 09:00 UTC , for the report an-earlier-one',
  )
  expect(rows).toContain('product owner 1 0 nobody yet')
})

test('a report of nothing is a page as well [check/report/html/pages]', () => {
  const page = formatHtml(reportOf([], { drills: [], signOffs: [] }))
  expect(page).toContain('Nothing fails, and 0 of 0 items are unproved.')
  expect(page).toContain('Nobody has attested anything.')
})

test('twice the items are at most twice the page [check/report/html/size]', () => {
  const [once, twice] = [formatHtml(largeReport(1)), formatHtml(largeReport(2))]
  expect(twice.length).toBeLessThan(2 * once.length)
  expect(once.length).toBeLessThan(420 * 1_500)
  expect(once.match(/<li class="item /g)).toHaveLength(420)
})
