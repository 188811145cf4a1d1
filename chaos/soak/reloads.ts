import { readFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { kill } from '../../packages/cli/test/fixtures/processes.ts'
import { waitUntil } from '../../packages/cli/test/fixtures/wait-until.ts'
import { callTool, failureOf, textOf } from '../../packages/cli/test/fixtures/wire.ts'
import { offspringOf } from '../census.ts'
import { SteadyLoad, toldFailures } from '../clients/steady-load.ts'
import { footprintLine, footprintOf, type Footprint } from '../footprint.ts'
import { type Config, type GoodWorld, startGoodWorld, TINY } from './good-world.ts'
import type { PartOptions, PartReport } from './part.ts'

const RELOADS = 200
const PER_SECOND = 150
const APPLIED_MS_MAX = 15_000
const WAYS = ['api', 'signal', 'file'] as const
type Way = (typeof WAYS)[number]

/** What an edit needs of whoever chooses: whole numbers below a bound. */
type Dice = (below: number) => number

/** Reloads the configuration under load with random edits; servers that no edit touches must not notice. */
export async function soakReloads({ scale, signal, onProgress }: PartOptions): Promise<PartReport> {
  await using world = await startGoodWorld(3, { mcpServers: { m0: TINY, m1: TINY, m2: TINY } })
  const operator = await Operator.open(world)
  const seed = Date.now() % 1_000_000
  const dice = diceOf(seed)
  await using load = openLoad(world)
  await sleep(2_000)
  const pidsBefore = await childPids(world)
  const before = await footprintOf(world)
  const count = Math.round(RELOADS * scale)
  const problems: string[] = []
  const slowest = { ms: 0 }
  const edited = callEdited(world, problems)
  let config = world.config
  for (let at = 1; at <= count && !signal.aborted; at += 1) {
    const way = WAYS[dice(WAYS.length)] ?? 'api'
    if (dice(10) === 0) problems.push(...(await operator.refuses(way)))
    config = edit(config, dice, at)
    const ms = await operator.apply(config, way)
    slowest.ms = Math.max(slowest.ms, ms)
    if (at % 20 === 0) onProgress(`reload ${at} of ${count}, last took ${Math.round(ms)} ms`)
  }
  const calledEdited = await edited.stop()
  const window = await load.take()
  problems.push(...toldFailures(window.failures))
  const pidsAfter = await childPids(world)
  if (pidsAfter !== pidsBefore)
    problems.push(`the untouched child was ${pidsBefore}, now ${pidsAfter}`)
  const after: Footprint = await footprintOf(world)
  return {
    name: 'reloads',
    lines: [
      `${count} reloads (seed ${seed}), the slowest in force after ${Math.round(slowest.ms)} ms`,
      `${window.latenciesMs.length} calls to untouched servers, ${calledEdited} to edited ones`,
      `before: ${footprintLine(before)}`,
      `after:  ${footprintLine(after)}`,
    ],
    problems,
  }
}

function openLoad({ gateway, tokens, servers }: GoodWorld): SteadyLoad {
  return new SteadyLoad({
    ...{ url: gateway.url, token: tokens[0] ?? '', servers },
    ...{ perSecond: PER_SECOND, linesMax: 200, sessions: true },
  })
}

async function childPids({ gateway }: GoodWorld): Promise<string> {
  const all = await offspringOf(gateway)
  const good = all.filter(({ command }) => command.includes('hostile.mjs'))
  return good.map(({ pid }) => pid).join(' ')
}

/** Calls the servers that are edited, which may be refused or be gone, but never strangely. */
function callEdited({ gateway, tokens }: GoodWorld, problems: string[]) {
  let over = false
  let calls = 0
  const target = { url: gateway.url, token: tokens[1] ?? '' }
  const running = (async () => {
    for (let at = 0; !over; at += 1) {
      const answer = await callTool(target, `m${at % 3}__pid`).catch(String)
      calls += 1
      if (typeof answer === 'string') problems.push(`an edited server: ${answer}`)
      else if (failureOf(answer) === undefined && !/^\d+$/.test(textOf(answer))) {
        // A name that is not there just now is an error of the protocol.
        if (answer.json.error?.code !== -32602) problems.push(`an edited server: ${answer.text}`)
      }
      await sleep(20)
    }
  })()
  return {
    stop: async () => {
      over = true
      await running
      return calls
    },
  }
}

/** Brings configurations into force, as a person would. */
class Operator {
  readonly #world: GoodWorld
  readonly #key: string

  private constructor(world: GoodWorld, key: string) {
    this.#world = world
    this.#key = key
  }

  static async open(world: GoodWorld): Promise<Operator> {
    const { key } = await world.gateway.json<{ key: string }>([
      ...['keys', 'create', 'operator', '--role', 'admin'],
    ])
    return new Operator(world, key)
  }

  /** Resolves once it is in force; gives the time that took, milliseconds. */
  async apply(config: Config, way: Way): Promise<number> {
    const { gateway } = this.#world
    const whole = {
      ...(JSON.parse(await readFile(gateway.configFile, 'utf8')) as object),
      ...config,
    }
    const beganMs = performance.now()
    await replace(gateway.configFile, JSON.stringify(whole, null, 2))
    await this.#tell(way)
    await waitUntil('the file to be in force', () => this.#isInForce(), APPLIED_MS_MAX)
    return performance.now() - beganMs
  }

  /** A file that cannot be read changes nothing and is put back. */
  async refuses(way: Way): Promise<string[]> {
    const { gateway } = this.#world
    const good = await readFile(gateway.configFile, 'utf8')
    const before = await this.#generation()
    await replace(gateway.configFile, good.slice(0, -10))
    await this.#tell(way)
    await sleep(100)
    const after = await this.#generation()
    await replace(gateway.configFile, good)
    return after === before ? [] : [`a broken file made generation ${after} out of ${before}`]
  }

  async #tell(way: Way): Promise<void> {
    if (way === 'signal') kill(this.#world.gateway.pid, 'SIGHUP')
    if (way === 'api') await this.#ask('POST', '/api/v1/config/reload')
  }

  async #isInForce(): Promise<boolean> {
    const { differences, problems } = (await this.#ask('GET', '/api/v1/config/diff')) as {
      differences?: unknown[]
      problems?: unknown[]
    } // documented
    return differences?.length === 0 && problems?.length === 0
  }

  async #generation(): Promise<number> {
    const status = (await this.#ask('GET', '/api/v1/config')) as { generation?: { id: number } } // documented
    return status.generation?.id ?? 0
  }

  async #ask(method: string, path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.#key}` }
    const response = await fetch(`${this.#world.gateway.admin}${path}`, { method, headers })
    return response.json()
  }
}

/** As editors write: whole or not at all. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

/** One of the things that people change. */
function edit(config: Config, dice: Dice, at: number): Config {
  const { mcpServers } = config
  const name = `m${dice(3)}`
  const extra = `extra-${dice(5)}`
  const { [name]: _gone, ...without } = mcpServers
  const { [extra]: _extra, ...withoutExtra } = mcpServers
  const edits: readonly (() => Config)[] = [
    () => changed(config, { ...mcpServers, [name]: { ...TINY, env: { EDIT: String(at) } } }),
    () => changed(config, { ...mcpServers, [name]: { ...TINY, description: `edit ${at}` } }),
    () => changed(config, { ...mcpServers, [name]: { ...TINY, callTimeout: `${5 + dice(20)}s` } }),
    () =>
      changed(config, {
        ...mcpServers,
        [name]: { ...TINY, tools: { pid: { readOnly: at % 2 === 0 } } },
      }),
    () => changed(config, without),
    () => changed(config, { ...mcpServers, [extra]: { ...TINY, description: `edit ${at}` } }),
    () => changed(config, withoutExtra),
    () => ({ ...config, endpoints: { some: { servers: ['child'], instructions: `edit ${at}` } } }),
    () => ({ ...config, limits: { ...config.limits, listTools: 500 + dice(500) } }),
  ]
  return (edits[dice(edits.length)] ?? (() => config))()
}

function changed(config: Config, mcpServers: Config['mcpServers']): Config {
  return { ...config, mcpServers }
}

/** Chance that can be had again: the same numbers for the same seed. */
function diceOf(seed: number): Dice {
  let state = seed + 1
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}
