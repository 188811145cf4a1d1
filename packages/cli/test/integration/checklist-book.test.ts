import { ITEMS } from '@sallyport/checklist/catalogue'
import { STANDS_MS } from '@sallyport/contract/checklist'
import { systemClock } from '@sallyport/kit/clock'
import { judgeDocument } from '@sallyport/kit/signed'
import { describe, expect, test } from 'vitest'
import { openBook } from '../../src/checklist/open-book.ts'
import { SocketBook } from '../../src/checklist/socket-book.ts'
import { FakeTerminal } from '../../src/terminal.ts'
import { TestGateway } from '../fixtures/gateway.ts'
import { reportItemOf, reportOf } from '../fixtures/report.ts'

const WEEK_MS = STANDS_MS.week
const WEEKLY = ITEMS.find(({ cadence }) => cadence === 'week')?.id ?? ''
const [ANSWER = ''] = ITEMS.flatMap(({ answers }) => answers)

function bookOf(gateway: TestGateway) {
  return openBook(
    {
      ...{ terminal: new FakeTerminal(), cwd: gateway.dir, clock: systemClock },
      environment: { HOME: gateway.dir, TEST_TOKEN: gateway.token },
      readStdin: async () => '',
    },
    { config: gateway.configFile },
  )
}

const later = (ms: number): string => new Date(Date.now() + ms).toISOString()

function attestation(item: string, ms: number) {
  const who = { by: 'Ada Lovelace', note: 'looked at it,\nand it holds', kind: 'attested' } as const
  return { ...who, item, at: later(0), expiresAt: later(ms) }
}

describe.each([
  ['over the socket of a gateway that runs', true],
  ['in the store of one that does not', false],
])('%s', (_how, runs) => {
  const start = () => (runs ? TestGateway.start() : TestGateway.create())

  test('the book keeps what it is given, and reports come back signed [checklist/signed]', async () => {
    await using gateway = await start()
    await using book = await bookOf(gateway)
    expect(book instanceof SocketBook).toBe(runs)
    expect(await book.report()).toBeUndefined()
    expect(await book.report('none')).toBeUndefined()

    const first = reportOf([reportItemOf('hangar/a/b', 'proved')])
    const saved = await book.save(first)
    const key = await book.publicKey()
    expect(judgeDocument(saved, key)).toMatchObject({ verdict: 'good' })
    const { signature: _signature, ...rest } = saved
    expect(rest).toEqual(first)
    await expect(book.save(first)).rejects.toMatchObject({ code: 'conflict' })
    const second = await book.save(reportOf([reportItemOf('hangar/a/b', 'failed')]))
    expect(await book.report()).toEqual(second)
    expect(await book.report(first.id)).toEqual(saved)
    expect((await book.reports()).map(({ id, summary }) => [id, summary.failed])).toEqual([
      [second.id, 1],
      [first.id, 0],
    ])

    const run = {
      drill: 'failover',
      ok: true,
      steps: ['done'],
      startedAt: later(0),
      endedAt: later(1),
    }
    const figures = [{ name: 'failover', value: 12.5, unit: 'ms' as const }]
    await book.recordDrill({ ...run, figures })
    expect(await book.drillRuns()).toEqual([{ ...run, figures }])
    const baseline = { name: 'p95', value: 0.1 + 0.2, unit: 'ms', at: later(0) } as const
    await book.setBaseline(baseline)
    expect(await book.baselines()).toEqual([baseline])
  })

  test('somebody stands for an item until a date, and no longer than its cadence allows [checklist/attest]', async () => {
    await using gateway = await start()
    await using book = await bookOf(gateway)
    await book.attest(attestation(WEEKLY, WEEK_MS))
    await book.attest(attestation(ANSWER, 60_000))
    await book.attest({ ...attestation(WEEKLY, WEEK_MS / 2), by: 'Grace' })
    const kept = await book.attestations()
    expect(kept.map(({ item, by }) => [item, by]).toSorted()).toEqual(
      [
        [WEEKLY, 'Grace'],
        [ANSWER, 'Ada Lovelace'],
      ].toSorted(),
    )
    const refused = { code: 'request_invalid' }
    await expect(book.attest(attestation(WEEKLY, WEEK_MS + 3_600_000))).rejects.toMatchObject({
      ...{ ...refused, message: expect.stringContaining('7 days at most') },
    })
    await expect(book.attest(attestation(WEEKLY, -1))).rejects.toMatchObject(refused)
    await expect(book.attest(attestation('nothing/such', 1_000))).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await book.removeAttestation(WEEKLY)).toBe(true)
    expect(await book.removeAttestation(WEEKLY)).toBe(false)
    expect(await book.attestations()).toHaveLength(1)
  })

  test('a role is signed off for a whole report in which nothing of it is open [checklist/sign-off]', async () => {
    await using gateway = await start()
    await using book = await bookOf(gateway)
    const { id } = await book.save(
      reportOf([
        ...(['proved', 'attested', 'not_applicable'] as const).map((state, at) =>
          reportItemOf(`hangar/a/b${at}`, state),
        ),
        reportItemOf('hangar/c/d', 'failed', 'security'),
        reportItemOf('hangar/c/e', 'unproved', 'security'),
      ]),
    )
    const part = reportOf([reportItemOf('hangar/a/b', 'proved')], { only: ['hangar/a/*'] })
    await book.save(part)
    expect(await book.signOff('technical', 'Ada', id)).toMatchObject({
      role: 'technical',
      report: id,
    })
    await expect(book.signOff('security', 'Ada', id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('hangar/c/d (failed), hangar/c/e (unproved)'),
    })
    await expect(book.signOff('technical', 'Ada', part.id)).rejects.toThrow('a part of the items')
    await expect(book.signOff('product', 'Ada', id)).rejects.toThrow('nothing that product signs')
    await expect(book.signOff('product', 'Ada', 'none')).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await book.signOffs()).toEqual([expect.objectContaining({ by: 'Ada', report: id })])
  })
})

test('what was signed by a gateway that runs is of the key of its store [checklist/signed]', async () => {
  await using gateway = await TestGateway.start()
  const keyOf = async (): Promise<string> => {
    await using book = await bookOf(gateway)
    return book.publicKey()
  }
  const live = await keyOf()
  await gateway.command(['secrets', 'rotate'])
  await gateway.stop()
  expect(await keyOf()).toBe(live)
})

test('a report of half a megabyte passes the socket', async () => {
  await using gateway = await TestGateway.start()
  await using book = await bookOf(gateway)
  const items = Array.from({ length: 420 }, (_, at) => ({
    ...reportItemOf(`hangar/a/b${at}`, 'proved'),
    evidence: Array.from({ length: 8 }, () => ({
      ...{ kind: 'file' as const, text: 'x'.repeat(200), at: later(0) },
    })),
  }))
  const saved = await book.save(reportOf(items))
  expect(JSON.stringify(saved).length).toBeGreaterThan(800_000)
  expect(await book.report()).toEqual(saved)
})
