import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { MasterKeys, newRingKey, Sealer, withFirst, withKey } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { openStore, type Store } from '@sallyport/kit/store'
import { type TestEngine, type TestPlace, testEngines } from '@sallyport/kit/testing/stores'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openProcess } from '../fixtures/installed.ts'
import { Rig } from '../fixtures/rig.ts'
import { type ChildPlace, TokenChild, toGrant } from '../fixtures/token-child.ts'
import { APP } from '../fixtures/world.ts'

const KEY = 'a1b2c3d4e5f60718'.repeat(4)
const NEW_KEY = '18f7e6d5c4b3a290'.repeat(4)
const A = 'TALPHA0001'
const B = 'TBRAVO0001'
const DEAD = /^slack_reinstall: .*Alpha \(TALPHA0001\).*install it again/

describe.each(testEngines())('processes with installations in %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(async () => engine[Symbol.asyncDispose]())

  const open = (location: string, ...keys: string[]): Promise<Store> =>
    openStore({
      location,
      keys: MasterKeys.parse(keys.map((key) => new Secret(key))),
      ...{ clock: systemClock, log: silentLog },
    })

  /** A store with teams A and B installed; both rotate, and are due at once where the margin says so. */
  async function installed(): Promise<{ place: TestPlace; rig: Rig; child: ChildPlace }> {
    const rig = await Rig.open({ apps: [{ ...APP, rotating: true }] })
    onTestFinished(() => rig[Symbol.asyncDispose]())
    const place = await engine.place()
    await using store = await open(place.location, KEY)
    const never = () => Promise.reject(new Error('not asked for'))
    const parts = { spend: never, clock: systemClock, log: silentLog }
    await using process = await openProcess(store, parts)
    for (const team of [A, B]) await process.live.save(toGrant(await rig.grant(team)))
    return { place, rig, child: { location: place.location, rig, masterKey: KEY } }
  }

  async function run(place: ChildPlace): Promise<TokenChild> {
    const child = await TokenChild.start(place)
    onTestFinished(() => child[Symbol.asyncDispose]())
    return child
  }

  /** Everything that the engine has on disk, as text; bytes of PostgreSQL as they are. */
  async function dump({ location, tamper }: TestPlace): Promise<string> {
    if (engine.kind === 'sqlite') {
      const folder = dirname(location.replace(/^sqlite:/, ''))
      return readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'latin1'))
        .join('\n')
    }
    const tables = await tamper("select tablename from pg_tables where schemaname = 'public'")
    const texts = tables.map(async ({ tablename }) => {
      const rows = await tamper(`select * from ${String(tablename)}`)
      const plain = (_key: string, value: unknown): unknown =>
        Array.isArray(value) ? Buffer.from(value as number[]).toString('latin1') : value // of a Buffer's JSON
      return JSON.stringify(rows, plain)
    })
    return (await Promise.all(texts)).join('\n')
  }

  const secrets = (rig: Rig): string[] => [...rig.vault.everything(), APP.clientSecret, KEY]
  const found = (text: string, rig: Rig): string[] =>
    secrets(rig).filter((secret) => text.includes(secret))

  test('a process that is killed just after Slack issued the pair: the next says "install again", and asks no more [slack/refresh/lost]', async () => {
    const { rig, child } = await installed()
    rig.vault.expire(A)
    const first = await run(child)
    first.tell('hang')
    first.tell(`call ${A}`)
    expect(await first.read()).toEqual({ issued: true })
    await first.end('SIGKILL')
    const second = await run(child)
    const [answer] = await second.call(A)
    expect(answer).toMatch(DEAD)
    expect(await second.call(B)).toEqual([B])
    for (const said of await second.call(A, 20)) expect(said).toMatch(DEAD)
    expect(rig.calls('oauth.v2.access#refresh', A)).toHaveLength(2)
  })

  test('installations outlive a stop and a kill; an uninstalled app is told as such and not asked again, and a removed one leaves nothing in the store [slack/installations/kept] [slack/installations/removed]', async () => {
    const { rig, child, place } = await installed()
    const first = await run(child)
    expect(await first.call(A, 5)).toEqual(Array(5).fill(A))
    first.tell(`call ${B} 20`)
    await first.end()
    const second = await run(child)
    second.tell(`call ${A} 20`)
    await second.end('SIGKILL')
    rig.vault.expire()
    const third = await run(child)
    expect([await third.call(A), await third.call(B)]).toEqual([[A], [B]])

    rig.vault.refuse('account_inactive', A)
    const [answer] = await third.call(A)
    expect(answer).toMatch(/^slack_reinstall: .*removed from Alpha/)
    const calls = rig.calls().length
    expect(await third.call(A)).toEqual([answer])
    expect(rig.calls()).toHaveLength(calls)
    third.tell(`remove ${A}`)
    expect(await third.read()).toEqual({ removed: true })
    expect([await third.call(A), await third.call(B)]).toEqual([['unknown'], [B]])
    expect(await place.tamper('select team from installations')).toEqual([{ team: B }])
  })

  test('no secret is in what the engine keeps, a wrong master key opens nothing, and after rotations every installation works [slack/installations/sealed]', async () => {
    const { rig, child, place } = await installed()
    const running = await run(child)
    rig.vault.expire(A)
    expect([await running.call(A), await running.call(B)]).toEqual([[A], [B]])
    expect(found(await dump(place), rig)).toEqual([])
    if (engine.kind === 'sqlite') await running.end()
    await expect(open(place.location, NEW_KEY)).rejects.toMatchObject({ code: 'master_key_wrong' })
    {
      await using store = await open(place.location, NEW_KEY, KEY)
      const { ring } = store
      const key = newRingKey(Date.now())
      await ring.save(withKey(ring.keys.content, key))
      await ring.save(withFirst(ring.keys.content, key.id, Date.now()))
      const sealerFor = (purpose: string) => new Sealer(ring.keys, purpose)
      const done = await store.sealed.reseal(sealerFor, AbortSignal.timeout(10_000))
      expect(done.find(({ table }) => table === 'installations')).toMatchObject({ resealed: 2 })
    }
    const next = await run({ ...child, masterKey: NEW_KEY })
    rig.vault.expire()
    expect([await next.call(A), await next.call(B)]).toEqual([[A], [B]])
    expect(found(await dump(place), rig)).toEqual([])
  })
})
