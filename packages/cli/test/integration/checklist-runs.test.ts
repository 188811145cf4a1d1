import { type CheckRunStatus, checkRunStatus } from '@sallyport/contract/admin'
import { systemClock } from '@sallyport/kit/clock'
import { judgeDocument } from '@sallyport/kit/signed'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { expect, test } from 'vitest'
import { type OpenBook, openBook } from '../../src/checklist/open-book.ts'
import { SocketBook } from '../../src/checklist/socket-book.ts'
import { FakeTerminal } from '../../src/terminal.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { reportItemOf, reportOf } from '../fixtures/report.ts'

function bookOf(gateway: TestGateway): Promise<OpenBook> {
  const environment = { HOME: gateway.dir, TEST_TOKEN: gateway.token }
  return openBook(
    {
      ...{ terminal: new FakeTerminal(), cwd: gateway.dir, clock: systemClock, environment },
      readStdin: async () => '',
    },
    { config: gateway.configFile },
  )
}

/** What a gateway shows of the checklist. */
async function shownBy(gateway: TestGateway): Promise<readonly string[]> {
  const answer = await fetch(`${gateway.admin}/metrics`)
  const lines = (await answer.text()).split('\n')
  return lines.filter((line) => line.startsWith('sallyport_checklist_item'))
}

async function runs(gateway: TestGateway, key: string, method: string): Promise<CheckRunStatus> {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${gateway.admin}/api/v1/checklist/runs`, { method, headers })
  return checkRunStatus.parse(await answer.json())
}

test('a check that is started over the API keeps a signed report, which metrics show [checklist/run, checklist/metrics]', async () => {
  await using gateway = await startGateway()
  const { key } = await gateway.json<{ key: string }>(['keys', 'create', 'a', '--role', 'admin'])
  expect(await shownBy(gateway)).toEqual([])
  expect(await runs(gateway, key, 'POST')).toMatchObject({ running: true, last: null })
  const statusOf = async () => (await runs(gateway, key, 'GET')).running
  await expect.poll(statusOf, { timeout: 60_000, interval: 250 }).toBe(false)
  const { last } = await runs(gateway, key, 'GET')
  // Much of a deployment that is a folder with one file is not proved.
  expect([last, gateway.logs]).toEqual([
    expect.objectContaining({ outcome: 'failed', by: expect.stringContaining('key:') }),
    expect.not.stringContaining('brought no report'),
  ])
  await using book = await bookOf(gateway)
  const report = await book.report()
  expect(judgeDocument(report ?? {}, await book.publicKey())).toMatchObject({ verdict: 'good' })
  const shown = await shownBy(gateway)
  expect(shown).toContain(
    `sallyport_checklist_items{state="failed"} ${report?.summary.failed ?? ''}`,
  )
  expect(shown.filter((line) => line.includes('_item{'))).toHaveLength(report?.items.length ?? 0)
}, 90_000)

test('a gateway that stops ends the check it started [checklist/run]', async () => {
  await using gateway = await startGateway()
  const { key } = await gateway.json<{ key: string }>(['keys', 'create', 'a', '--role', 'admin'])
  await runs(gateway, key, 'POST')
  expect(await gateway.stop()).toBe(0)
  expect(await gateway.children()).toEqual([])
})

test.runIf(postgresAvailable())(
  'two gateways on one PostgreSQL show the report that either keeps, and share the key [checklist/metrics]',
  async () => {
    await using postgres = await startPostgres({ fsync: 'off' })
    const config = { store: postgres.url, masterKey: 'ab'.repeat(32) }
    await using one = await startGateway({ config })
    await using other = await startGateway({ config })
    await using book = await bookOf(one)
    await using second = await bookOf(other)
    expect([book, second].every((each) => each instanceof SocketBook)).toBe(true)
    expect(await second.publicKey()).toBe(await book.publicKey())
    for (const [keeper, state] of [
      [book, 'failed'],
      [second, 'proved'],
    ] as const) {
      const saved = await keeper.save(reportOf([reportItemOf('hangar/a/b', state)]))
      expect(await second.report()).toEqual(saved)
      for (const gateway of [one, other]) {
        await expect
          .poll(() => shownBy(gateway), { timeout: 5_000 })
          .toContain(`sallyport_checklist_item{item="hangar/a/b",state="${state}"} 1`)
        expect((await shownBy(gateway)).filter((line) => line.includes('_item{'))).toHaveLength(1)
      }
    }
    // Of one report that both keep at once, one is refused.
    const twice = reportOf([])
    const kept = await Promise.allSettled([book.save(twice), second.save(twice)])
    expect(kept.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(await book.reports()).toHaveLength(3)
  },
  60_000,
)

test('after a restart metrics show the newest report that is kept [checklist/metrics]', async () => {
  await using gateway = await TestGateway.create()
  {
    await using book = await bookOf(gateway)
    await book.save(reportOf([reportItemOf('hangar/a/b', 'unproved')]))
  }
  await gateway.restart()
  await expect
    .poll(() => shownBy(gateway), { timeout: 5_000 })
    .toContain('sallyport_checklist_item{item="hangar/a/b",state="unproved"} 1')
})
