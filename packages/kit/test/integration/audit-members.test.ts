import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  filledPlace,
  openTestStore,
  soon,
  testEngines,
  testEntry,
  verifyPlace,
  type TestEngine,
} from '../fixtures/stores.ts'

describe.each(testEngines())('members in the audit log on %s', (_engineName, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  test('finds what a server got as the member of a group, and finds an edited member [record/member]', async () => {
    const place = await engine.place()
    const members = ['one', 'two', 'one,two', 'one-b', null, 'x,one-b,y']
    {
      await using store = await openTestStore(place.location)
      await using audit = await store.openAudit({ durability: 'process' })
      for (const [at, member] of members.entries()) {
        await audit.append(testEntry(`${at}`, { server: 'g', member }))
      }
      await audit.append(testEntry('6', { server: 'one' }))
      expect(
        (await store.reader.list({ limit: 10 }, soon())).items.map(({ member }) => member),
      ).toEqual([null, ...members.toReversed()])
      const found = async (server: string): Promise<string> => {
        const { items } = await store.reader.list({ limit: 10, server }, soon())
        return items.map(({ requestId }) => requestId).join('')
      }
      const wanted = {
        one: '620',
        two: '21',
        'one-b': '53',
        g: '543210',
        on_: '',
        '%': '',
        ',': '',
      }
      for (const [server, ids] of Object.entries(wanted)) {
        expect([server, await found(server)]).toEqual([server, ids])
      }
    }
    expect(await verifyPlace(place)).toMatchObject({ ok: true, rows: 7 })
    await place.tamper('update audit set member = null where seq = 1')
    await place.tamper("update audit set member = 'two' where seq = 3")
    await place.tamper("update audit set member = 'one' where seq = 5")
    expect((await verifyPlace(place)).broken).toMatchObject(
      [1, 3, 5].map((seq) => ({ seq, kind: 'edited' })),
    )
  })

  test('verifies the log of a store from before there were members, and goes on in it [record/member]', async () => {
    const place = await filledPlace(engine, 5)
    await place.tamper(
      'alter table audit drop column member',
      ...undoIdentity,
      'delete from migrations where id >= 3',
    )
    expect(await verifyPlace(place)).toEqual({ ok: true, rows: 5, writers: 1, broken: [] })
    await using store = await openTestStore(place.location)
    await using audit = await store.openAudit({ durability: 'process' })
    await audit.append(testEntry('later', { member: 'one' }))
    expect(
      (await store.reader.list({ limit: 10 }, soon())).items.map(({ member }) => member),
    ).toEqual([...['one', null, null, null, null, null]])
  })
})

/** Takes back what the migrations after the one of members did; the vault keeps what sealed the log. */
const undoIdentity = [
  ...['changes', 'tenants', 'roles', 'users', 'logins', 'suspensions', 'entries', 'subjects'],
  ...['installations', 'install_states', 'budgets'],
  ...['attestations', 'check_reports', 'sign_offs', 'drill_runs', 'baselines'],
]
  .map((table) => `drop table ${table}`)
  .concat(
    [
      'servers',
      'tools',
      'read_only',
      'allow_from',
      'previous_hash',
      'previous_until',
      'rotated_at',
      'version',
    ].map((column) => `alter table keys drop column ${column}`),
  )
