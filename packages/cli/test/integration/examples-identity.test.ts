import { expect, test } from 'vitest'
import { type PageLine, runExample, runPage } from '../fixtures/page.ts'

test.each(['12-who-may-what', '16-tenants'])(
  '%s does what its page says',
  async (folder) => {
    judge(await runExample(folder))
  },
  90_000,
)

test('an empty folder gets a tenant, a role, a key and a server over the API, and a call is made with it, as the page says', async () => {
  judge(await runPage('docs/first-tenant.md'))
}, 90_000)

function judge(lines: readonly PageLine[]): void {
  expect(lines.length).toBeGreaterThan(4)
  for (const { command, says, printed } of lines) expect(printed, command).toContain(says)
}
