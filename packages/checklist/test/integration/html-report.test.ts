import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatHtml } from '../../src/report/html/format-html.ts'
import { browserAvailable, objectionsTo, TestBrowser } from '../fixtures/browser.ts'
import { largeReport, reportItemOf, reportOf, sampleReport } from '../fixtures/report.ts'

describe.skipIf(!browserAvailable())('the page of a report', () => {
  const report = largeReport()
  let browser: TestBrowser
  let folder: string
  let file: string
  let small: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-report-'))
    file = join(folder, 'report.html')
    small = join(folder, 'small.html')
    await writeFile(file, formatHtml(report))
    await writeFile(small, formatHtml(sampleReport()))
    browser = await TestBrowser.start()
  })

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'axe finds nothing in %s at %i, and nothing is cut off [check/report/html/accessible]',
    async (colorScheme, width) => {
      const viewport = { width, height: 900 }
      const { page } = await browser.open(small, { colorScheme, viewport, bypassCSP: true })
      expect(await objectionsTo(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      await page.context().close()
    },
  )

  test('nothing is asked for and nothing is refused under its own policy [check/report/html/alone]', async () => {
    const { page, said } = await browser.open(`${file}#i-hangar-section-0-box-2`)
    expect(await page.locator('#filter').isVisible()).toBe(true)
    expect(await page.evaluate('getComputedStyle(document.body).margin')).toBe('0px')
    expect(said).toEqual([])
    // An event in a file of somebody else's making must not run: the policy names our script alone.
    await page.evaluate(`
      document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="document.title=1">')
      const script = document.createElement('script')
      script.textContent = 'document.title = 2'
      document.body.append(script)
    `)
    expect(await page.title()).toBe('Production checklist of production: failed')
    await page.context().close()
  })

  test('without scripts every item is shown, its evidence unfolds, and links lead to it [check/report/html/scripts]', async () => {
    const { page } = await browser.open(file, { javaScriptEnabled: false })
    expect(await page.locator('.item').count()).toBe(420)
    expect(await page.locator('#filter').isVisible()).toBe(false)
    await page.locator('#failed a[href="#i-hangar-section-0-box-2"]').first().click()
    const item = page.locator('#i-hangar-section-0-box-2')
    expect((await item.boundingBox())?.y).toBeGreaterThanOrEqual(0)
    const evidence = item.locator('.evidence')
    expect(await evidence.isVisible()).toBe(false)
    await item.locator('summary').click()
    expect(await evidence.isVisible()).toBe(true)
    await page.context().close()
  })

  test('with scripts items are found by state and words, and a link to a hidden one shows it [check/report/html/scripts]', async () => {
    const { page } = await browser.open(file)
    const shown = () => page.locator('.item:visible').count()
    for (const state of ['unproved', 'proved', 'attested', 'not_applicable']) {
      await page.locator(`#filter input[value=${state}]`).uncheck()
    }
    expect(await shown()).toBe(report.summary.failed)
    await page.getByRole('searchbox').fill('REDIS compose.yaml:22:')
    const left = report.items.filter(({ evidence }) =>
      evidence[0]?.text.startsWith('compose.yaml:22:'),
    )
    expect(await shown()).toBe(left.length)
    expect(await page.locator('#shown').textContent()).toBe(`${left.length} of 420 items are shown`)
    await page.locator('#attestations th a').first().click()
    expect(await shown()).toBe(420)
    expect(await page.locator('.item:target').count()).toBe(1)
    await page.context().close()
  })

  test('on paper evidence is unfolded, and navigation is left out [check/report/html/pages]', async () => {
    const { page } = await browser.open(file)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.evaluate('void dispatchEvent(new Event("beforeprint"))')
    expect(await page.locator('.contents').isVisible()).toBe(false)
    expect(await page.locator('#hangar .evidence:visible').count()).toBe(44)
    expect(
      await page.evaluate('getComputedStyle(document.getElementById("hangar")).breakBefore'),
    ).toBe('page')
    await page.context().close()
  })

  test('each state is told by a word, whatever the colours [check/report/html/accessible]', async () => {
    const states = ['failed', 'unproved', 'proved', 'attested', 'not_applicable'] as const
    const items = states.map((state) => reportItemOf({ id: `hangar/a/${state}`, state }))
    const own = join(folder, 'states.html')
    await writeFile(own, formatHtml(reportOf(items)))
    const { page } = await browser.open(own)
    expect(await page.locator('#hangar .badge').allInnerTexts()).toEqual([
      ...['✗ failed', '? unproved', '✓ proved', '✎ attested', '– not applicable'],
    ])
    await page.context().close()
  })
})
