import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type AuditRow, auditRows } from '../fixtures/audit-rows.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { isRunning, kill } from '../fixtures/processes.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import {
  callTool,
  failureOf,
  LegacySession,
  modernBody,
  modernHeaders,
  textOf,
} from '../fixtures/wire.ts'

const CALLS = 10_000
const WORKERS = 16
/** The gateway is killed each time so many calls were issued. */
const CALLS_PER_LIFE = 1_600
const CHILD_KILL_MS = [100, 600] as const
/** Callers wait as long as they are told, but no longer: a storm that pauses is none. */
const PAUSE_MS_MAX = 250
/** A cut connection is noticed at once; this is for a machine with other work. */
const NOTICE_MS = 3_000

type Outcome =
  | { readonly kind: 'result'; readonly call: number; readonly requestId: string }
  | {
      readonly kind: 'error'
      readonly call: number
      readonly requestId: string
      readonly code: string
      readonly retryAfterMs: number
    }
  | { readonly kind: 'cut'; readonly call: number; readonly atMs: number }
  | { readonly kind: 'strange'; readonly call: number; readonly what: string }

/** A gateway that is killed and started again under traffic. */
class Battlefield {
  readonly outcomes: Outcome[] = []
  readonly killedAtMs: number[] = []
  childrenKilled = 0
  issued = 0
  readonly #gateway: TestGateway
  #ready: Promise<void> = Promise.resolve()
  #over = false

  constructor(gateway: TestGateway) {
    this.#gateway = gateway
  }

  async fight(): Promise<void> {
    const killers = Promise.all([this.#killChildren(), this.#killGateway()])
    await Promise.all(Array.from({ length: WORKERS }, (_, index) => this.#work(index)))
    this.#over = true
    await killers
  }

  async #work(index: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const server = index % 2 === 0 ? 'shared' : 'own'
    const session = index % 4 === 3 ? await LegacySession.open(this.#gateway) : undefined
    while (this.issued < CALLS) {
      const call = (this.issued += 1)
      const outcome = await this.#call(call, `${server}__echo`, { agent, session })
      this.outcomes.push(outcome)
      if (outcome.kind === 'error') await sleep(Math.min(outcome.retryAfterMs, PAUSE_MS_MAX))
    }
    agent.destroy()
  }

  async #call(
    call: number,
    name: string,
    { agent, session }: { agent: Agent; session: LegacySession | undefined },
  ): Promise<Outcome> {
    for (;;) {
      await this.#ready
      try {
        const params = { name, arguments: { message: `call-${call}` } }
        const { token, url } = this.#gateway
        const answer = await send(url, {
          agent,
          headers: session ? session.headers : modernHeaders(token, 'tools/call', name),
          body: session
            ? { jsonrpc: '2.0', id: call, method: 'tools/call', params }
            : modernBody('tools/call', params, call),
        })
        return judge(call, answer)
      } catch (thrown) {
        // Refused connections are calls that were never made.
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNREFUSED') continue
        return { kind: 'cut', call, atMs: performance.now() }
      }
    }
  }

  async #killGateway(): Promise<void> {
    for (let next = CALLS_PER_LIFE; next < CALLS; next += CALLS_PER_LIFE) {
      while (this.issued < next) await sleep(5)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#ready = promise
      // Whoever waits for it sees the failure; without waiters it must not end the test run.
      promise.catch(() => undefined)
      this.killedAtMs.push(performance.now())
      try {
        await this.#gateway.kill9()
        await this.#gateway.restart()
        resolve()
      } catch (thrown) {
        reject(thrown)
        throw thrown
      }
    }
  }

  async #killChildren(): Promise<void> {
    const [least, most] = CHILD_KILL_MS
    while (!this.#over) {
      await sleep(least + Math.random() * (most - least))
      const servers = (await this.#gateway.children()).filter(({ command }) =>
        command.includes('stdio-server'),
      )
      const victim = servers[Math.floor(Math.random() * servers.length)]
      if (!victim) continue
      kill(victim.pid)
      this.childrenKilled += 1
    }
  }
}

function judge(call: number, answer: Answer): Outcome {
  const requestId = String(answer.headers['x-request-id'])
  if (answer.status === 200 && textOf(answer) === `call-${call}`) {
    return answer.json.id === call
      ? { kind: 'result', call, requestId }
      : { kind: 'strange', call, what: `id ${String(answer.json.id)}` }
  }
  const failure = failureOf(answer)
  if (failure?.code !== undefined && failure.requestId === requestId) {
    const { code, retryAfterMs = 0 } = failure
    return { kind: 'error', call, requestId, code, retryAfterMs }
  }
  return { kind: 'strange', call, what: `${answer.status} ${answer.text}` }
}

test(
  '10,000 calls under random kills of servers and kill -9 of the gateway: all answered, all recorded, nothing left behind [upstreams/kills] [record/killed] [upstreams/stop/orphans] [observe/request-id]',
  { timeout: 180_000 },
  async () => {
    const env = { EVENTS_FILE: './events', GRANDCHILD: '1' }
    await using gateway = await startGateway({
      config: {
        mcpServers: { own: stdioServer(env), shared: stdioServer(env, { share: 'all' }) },
        limits: {
          perPrincipal: {
            rate: '100000/s',
            burst: 1_000_000,
            concurrent: 64,
            writes: { daily: 1_000_000 },
          },
        },
      },
    })
    const battle = new Battlefield(gateway)
    await battle.fight()

    const byKind = Object.groupBy(battle.outcomes, ({ kind }) => kind)
    const { result = [], error = [], cut = [], strange = [] } = byKind
    expect(strange).toEqual([])
    expect(result.length + error.length + cut.length).toBe(CALLS)
    // Otherwise nothing was put to the test.
    expect(battle.killedAtMs).toHaveLength(Math.ceil(CALLS / CALLS_PER_LIFE) - 1)
    expect(battle.childrenKilled).toBeGreaterThan(5)
    expect(result.length).toBeGreaterThan(CALLS / 2)

    const cutByNobody = cut.filter(
      (one) =>
        one.kind === 'cut' &&
        !battle.killedAtMs.some((atMs) => one.atMs >= atMs && one.atMs < atMs + NOTICE_MS),
    )
    expect(cutByNobody).toEqual([])
    // A connection carries one call at a time, so a kill cuts at most one per worker.
    expect(cut.length).toBeLessThanOrEqual(WORKERS * battle.killedAtMs.length)

    // After the storm both servers serve again.
    for (const name of ['own__echo', 'shared__echo']) {
      await expect
        .poll(async () => textOf(await callTool(gateway, name, { message: 'after' })), {
          timeout: 20_000,
        })
        .toBe('after')
    }
    expect(await gateway.stop()).toBe(0)
    expect(await gateway.children()).toEqual([])
    const spawned = (await serverEvents(join(gateway.dir, 'events'))).flatMap(({ event, pid }) =>
      event === 'spawn' && pid !== undefined ? [pid] : [],
    )
    expect(spawned.length).toBeGreaterThan(battle.killedAtMs.length)
    expect(await Promise.all(spawned.map(isRunning))).not.toContain(true)

    const unrecorded = missingRows([...result, ...error], auditRows(gateway.storeFile))
    expect(unrecorded).toEqual([])
    const report = await gateway.json<object>(['audit', 'verify'])
    expect(report).toMatchObject({ ok: true, broken: [], writers: battle.killedAtMs.length + 1 })
  },
)

/** Answered calls that have no row of their own saying how they ended. */
function missingRows(answered: readonly Outcome[], rows: readonly AuditRow[]): Outcome[] {
  const ended = new Map(
    rows.filter(({ kind }) => kind === 'call').map((row) => [row.requestId, row]),
  )
  return answered.filter((outcome) => {
    if (outcome.kind !== 'result' && outcome.kind !== 'error') return true
    const row = ended.get(outcome.requestId)
    const fits = outcome.kind === 'result' ? row?.outcome === 'ok' : row?.outcome !== 'ok'
    return row === undefined || !fits || row.principal !== 'token:test' || row.tool !== 'echo'
  })
}
