import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import { createKeyText } from '@sallyport/kit/door'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, codeOf } from '../fixtures/attack.ts'
import { login, makePerson } from '../fixtures/attack-person.ts'
import { send } from '../fixtures/send.ts'

const TRIES = 2_000
/** Of 1: how often one kind may be slower than the other, beyond half the time. Chance alone stays below 0.05. */
const RANK_MAX = 0.1
/** Of the smaller one: how far the medians may be apart. */
const MEDIAN_MAX = 0.1
/** A check of a password takes a hundred times as long as none. */
const HASHED_MAX = 1

let attacked: Attacked
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
beforeAll(async () => {
  attacked = await Attacked.start()
})
afterAll(async () => {
  agent.destroy()
  await attacked[Symbol.asyncDispose]()
})

const KINDS = ['near', 'far'] as const
type Kind = (typeof KINDS)[number]

/** Times of both kinds, tried in turns and the turns in turns, so that whatever else the machine does meets both. */
async function measure(
  tries: number,
  attempt: (kind: Kind, index: number) => Promise<void>,
): Promise<Record<Kind, number[]>> {
  const times: Record<Kind, number[]> = { near: [], far: [] }
  for (let index = 0; index < tries; index += 1) {
    for (const kind of index % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const startedMs = performance.now()
      await attempt(kind, index)
      times[kind].push(performance.now() - startedMs)
    }
  }
  return times
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** How far the medians are apart, of the smaller one. */
function apart({ near, far }: Readonly<Record<Kind, number[]>>): number {
  const [a, b] = [median(near), median(far)]
  return Math.abs(a - b) / Math.min(a, b)
}

/** How often a try of one kind is slower than one of the other, of 1, beyond half: Mann and Whitney's U. */
function rank({ near, far }: Readonly<Record<Kind, number[]>>): number {
  const all = [...near.map((ms) => ({ ms, near: true })), ...far.map((ms) => ({ ms, near: false }))]
  let sum = 0
  for (const [at, one] of all.toSorted((a, b) => a.ms - b.ms).entries()) if (one.near) sum += at + 1
  const u = sum - (near.length * (near.length + 1)) / 2
  return Math.abs(u / (near.length * far.length) - 0.5)
}

/** Apart by both measures: neither an odd spike nor a shift of a few microseconds is taken for a leak. */
function tells(times: Readonly<Record<Kind, number[]>>): boolean {
  return apart(times) > MEDIAN_MAX && rank(times) > RANK_MAX
}

test('the measure itself finds a tenth of a difference, and none where there is none', () => {
  const noise = (): number => 1 + Math.random() / 5
  const times = (factor: number) => ({
    near: Array.from({ length: TRIES }, () => noise() * factor),
    far: Array.from({ length: TRIES }, noise),
  })
  expect([tells(times(1)), tells(times(1.2))]).toEqual([false, true])
})

/** As well-formed as any id of a key. */
function unknownId(): string {
  return randomBytes(4)
    .toString('hex')
    .replaceAll(/[0189]/g, 'x')
}

test.each(['/mcp', '/api/v1/keys'])(
  'over 2,000 tries at %s a key that is right but for its secret is refused as fast as one of nobody [attacks/timing]',
  async (path) => {
    const { json } = await attacked.api('root', 'POST', '/api/v1/keys', {
      body: { name: `timed ${path}` },
    })
    const id = String(json['id'])
    const url = `${path === '/mcp' ? attacked.gateway.data : attacked.gateway.admin}${path}`
    const times = await measure(TRIES, async (kind) => {
      // Whole and well-formed both: what has the wrong form is refused by that alone.
      const { text } = createKeyText(kind === 'near' ? id : unknownId())
      const headers = { authorization: `Bearer ${text.reveal()}` }
      expect((await send(url, { method: 'GET', headers, agent })).status).toBe(401)
    })
    expect({ ...{ apart: apart(times), rank: rank(times) }, tells: tells(times) }).toMatchObject({
      tells: false,
    })
  },
)

test('over 2,000 tries a user is refused as fast as nobody, and in the same words [attacks/timing]', async () => {
  const names: Record<Kind, string[]> = { near: ['alice', 'bob'], far: ['carol', 'dave'] }
  for (const name of names.near) await makePerson(attacked, name, { roles: ['viewer'] })
  const said: Record<Kind, string[]> = { near: [], far: [] }
  const attempt = async (kind: Kind, index: number): Promise<void> => {
    const name = names[kind][index % 2] ?? ''
    const answer = await login(attacked, { name, password: 'not the password of anybody' })
    said[kind].push(`${answer.status} ${codeOf(answer)}`)
  }
  // Each name has five tries with a password that is checked; then it is held, whether or not it is anybody's.
  const checked = await measure(8, attempt)
  expect(apart(checked)).toBeLessThan(HASHED_MAX)
  const held = await measure(TRIES - 8, attempt)
  expect({ ...{ apart: apart(held), rank: rank(held) }, tells: tells(held) }).toMatchObject({
    tells: false,
  })
  const kinds = (of: readonly string[]): Set<string> => new Set(of)
  expect(kinds(said.near)).toEqual(kinds(said.far))
  expect(kinds(said.near)).toEqual(new Set(['401 login_failed', '429 locked_out']))
})
