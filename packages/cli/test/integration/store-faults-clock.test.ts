import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { canFault } from '../fixtures/faults.ts'
import { startGateway } from '../fixtures/gateway.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { callTool, failureOf, LegacySession, textOf } from '../fixtures/wire.ts'

const TICKS_PER_SECOND = 100
const WATCH_MS = 2_000
/** Of a gateway without calls, in that time; a storm of timers takes all there is. */
const IDLE_CPU_MS = 600

/** The wall clock of one process, which a test sets; its monotonic clock goes on as it does. */
class WallClock implements AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly #dir: string
  readonly #file: string

  private constructor(dir: string) {
    this.#dir = dir
    this.#file = join(dir, 'offset')
    this.env = {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    this.jumpTo('+0')
  }

  static async create(): Promise<WallClock> {
    return new WallClock(await mkdtemp(join(tmpdir(), 'sallyport-clock-')))
  }

  /** @param offset from the true time, such as `+30h` or `-2h` */
  jumpTo(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#dir, { recursive: true })
  }
}

/** Of the multi-threaded kind, wherever the distribution keeps it. */
function library(): string {
  const roots = readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'))
  const [root = ''] = roots.filter((name) => readdirSync(`/usr/lib/${name}`).includes('faketime'))
  return `/usr/lib/${root}/faketime/libfaketimeMT.so.1`
}

function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000
}

test.runIf(canFault('faketime'))(
  'a wall clock that jumps forwards and back ends no call, no session before its total age, and sets off no storm of timers [store/clock]',
  { timeout: 60_000 },
  async () => {
    await using clock = await WallClock.create()
    await using gateway = await startGateway({
      env: clock.env,
      config: { mcpServers: { own: stdioServer() } },
    })
    const session = await LegacySession.open(gateway)
    const headers = { 'idempotency-key': 'k' }
    const first = await callTool(gateway, 'own__echo', { message: 'once' }, { headers })
    expect(textOf(first)).toBe('once')

    for (const offset of ['+2h', '-3h', '+23h', '+0']) {
      const running = session.call('own__wait', { ms: 600 })
      await sleep(100)
      clock.jumpTo(offset)
      expect([offset, textOf(await running)]).toEqual([offset, 'waited'])
      expect([offset, textOf(await session.call('own__echo', { message: 'on' }))]).toEqual([
        offset,
        'on',
      ])
      const again = await callTool(gateway, 'own__echo', { message: 'once' }, { headers })
      expect([offset, again.json.result]).toMatchObject([
        offset,
        { _meta: { 'dev.sallyport/replayed': true } },
      ])
      const beforeMs = cpuMs(gateway.pid)
      await sleep(WATCH_MS)
      expect(cpuMs(gateway.pid) - beforeMs).toBeLessThan(IDLE_CPU_MS)
    }

    // Beyond its total age, which the wall clock says: it must hold over restarts and replicas.
    clock.jumpTo('+25h')
    expect((await session.call('own__echo')).status).toBe(404)
    const other = await LegacySession.open(gateway)
    expect(textOf(await other.call('own__echo', { message: 'new' }))).toBe('new')
    expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, broken: [] })
  },
)

test.runIf(canFault('faketime'))(
  'a daily quota begins anew with a day that a jump brings, and is what it was when the clock is set back [store/clock]',
  { timeout: 60_000 },
  async () => {
    await using clock = await WallClock.create()
    const limits = { perPrincipal: { daily: 3 } }
    await using gateway = await startGateway({
      env: clock.env,
      config: { mcpServers: { own: stdioServer() }, limits },
    })
    const codes = async (): Promise<string[]> => {
      const all: string[] = []
      for (let count = 0; count < 4; count += 1) {
        const answer = await callTool(gateway, 'own__echo', { message: 'm' })
        all.push(failureOf(answer)?.code ?? textOf(answer))
      }
      return all
    }
    const used = ['m', 'm', 'm', 'quota_exceeded']
    expect(await codes()).toEqual(used)
    clock.jumpTo('+24h')
    expect(await codes()).toEqual(used)
    clock.jumpTo('+0')
    expect(await codes()).toEqual(Array(4).fill('quota_exceeded'))
  },
)
