/** Rules C1, C8 and I9: who may answer what was asked, and with which state. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerTo, askedBy, bare, said, sendModern } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { callTool, type Target, textOf } from '../fixtures/wire.ts'
import {
  askForm,
  needForm,
  type ScriptedServer,
  startScripted,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

let gateway: TestGateway
let mine: Target
let theirs: Target
let legacy: ScriptedServer
let modern: ScriptedServer
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = [tool('ask'), tool('ask-too'), tool('echo')]
  const asking = { ask: askForm, 'ask-too': askForm }
  legacy = owned.use(await startScripted({ era: 'legacy', tools, call: asking }))
  const needing = { ask: needForm, 'ask-too': needForm }
  modern = owned.use(await startScripted({ era: 'modern', tools, call: needing }))
  const mcpServers = { legacy: { url: legacy.url }, modern: { url: modern.url } }
  const endpoints = { same: { servers: ['legacy', 'modern'] } }
  const limits = { questions: { timeout: '2s', perPrincipal: 100 } }
  const { auth, next } = callers()
  gateway = owned.use(await startGateway({ config: { auth, mcpServers, endpoints, limits } }))
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

const ERAS = ['legacy', 'modern'] as const
const NEVER_WAS = { state: 'x'.repeat(120), keys: ['colour'] }

describe.each(ERAS)('a state of a %s server', (era) => {
  const name = `${era}__ask`
  const server = (): ScriptedServer => (era === 'legacy' ? legacy : modern)

  test('C1: is not the server’s own and hides it, and the server gets its own back whole [questions/state/server]', async () => {
    const asked = await askedBy(mine, name)
    expect(asked.answer.text).not.toContain('the state ✓')
    expect(Buffer.from(asked.state, 'base64url').toString('latin1')).not.toContain('the state')
    const answer = await answerTo(mine, name, asked)
    expect(textOf(answer)).toContain('blue')
    if (era === 'modern') expect(textOf(answer)).toContain('the state ✓ of \\"it\\"')
  })

  test('C1: is refused when any part of it was changed, cut or added to, and still good afterwards [questions/state/tampered]', async () => {
    const asked = await askedBy(mine, name)
    const { state } = asked
    const before = server().calls().length
    const middle = Math.floor(state.length / 2)
    const flip = (at: number): string =>
      `${state.slice(0, at)}${state[at] === 'A' ? 'B' : 'A'}${state.slice(at + 1)}`
    const never = bare(await answerTo(mine, name, NEVER_WAS))
    const wrong = [
      flip(0),
      flip(middle),
      flip(state.length - 2),
      state.slice(0, -1),
      state.slice(1),
      `${state}A`,
      `${state}=`,
      ` ${state}`,
      state.toUpperCase(),
      '',
      'the state ✓ of "it"',
      '\u0000',
    ]
    for (const one of wrong) {
      const answer = await answerTo(mine, name, { ...asked, state: one })
      expect([one, answer.json.error?.code, bare(answer)]).toEqual([one, -32602, never])
    }
    expect(server().calls()).toHaveLength(before)
    expect(textOf(await answerTo(mine, name, asked))).toContain('blue')
  })

  test.each([[{}], [7], [[]], [true]])('C1: that is no text (%j) is -32602', async (state) => {
    const params = { name, arguments: {}, requestState: state, inputResponses: {} }
    const answer = await sendModern(mine, 'tools/call', params)
    expect(answer.json.error?.code).toBe(-32602)
  })

  test('C1: of one key is to another what never was, and stays good for its own [questions/state/bound]', async () => {
    const asked = await askedBy(mine, name)
    const before = server().calls().length
    const stolen = await answerTo(theirs, name, asked)
    const never = await answerTo(theirs, name, NEVER_WAS)
    expect([stolen.json.error?.code, bare(stolen)]).toEqual([-32602, bare(never)])
    expect(server().calls()).toHaveLength(before)
    expect(textOf(await answerTo(mine, name, asked))).toContain('blue')
  })

  test('C1: is good for the same tool, arguments and address only [questions/state/bound]', async () => {
    const asked = await askedBy(mine, name, { a: 1, b: { c: [1, 2] } })
    const never = bare(await answerTo(mine, name, NEVER_WAS))
    const args = { b: { c: [1, 2] }, a: 1 }
    const elsewhere = [
      await answerTo(mine, `${era}__ask-too`, asked, { args }),
      await answerTo(mine, name, asked, { args: { ...args, a: 2 } }),
      await answerTo(mine, name, asked, { args: { ...args, d: null } }),
      await answerTo(mine, name, asked, { args: { ...args, b: { c: [2, 1] } } }),
      await answerTo({ ...mine, url: `${gateway.data}/mcp/same` }, name, asked, { args }),
      await answerTo({ ...mine, url: `${gateway.data}/servers/${era}/mcp` }, 'ask', asked, {
        args,
      }),
      await sendModern(mine, 'prompts/get', {
        name,
        arguments: args,
        requestState: asked.state,
        inputResponses: {},
      }),
    ]
    const codes = elsewhere.map(({ json }) => json.error?.code)
    expect(codes).toEqual(elsewhere.map(() => -32602))
    for (const answer of elsewhere.slice(0, -1)) expect(bare(answer)).toBe(never)
    expect(textOf(await answerTo(mine, name, asked, { args }))).toContain('blue')
  })

  test('C1: is good once: a replay is what never was, and reaches no server [questions/state/once]', async () => {
    const asked = await askedBy(mine, name)
    const replayed = [1, 2, 3].map((id) => answerTo(mine, name, asked, { id }))
    const texts = (await Promise.all(replayed)).map((answer) => answer)
    const good = texts.filter((answer) => textOf(answer).includes('blue'))
    const refused = texts.filter(({ json }) => json.error?.code === -32602)
    expect([good.length, refused.length]).toEqual([1, 2])
    const before = server().calls().length
    const never = await answerTo(mine, name, NEVER_WAS)
    expect(bare(await answerTo(mine, name, asked))).toBe(bare(never))
    expect(server().calls()).toHaveLength(before)
  })

  test('C8: expires, and is then what never was [questions/state/expires]', async () => {
    const asked = await askedBy(mine, name)
    const never = bare(await answerTo(mine, name, NEVER_WAS))
    const before = server().calls().length
    const sinceMs = performance.now()
    await waitUntil('the state to expire', () => performance.now() - sinceMs > 2_400)
    expect(bare(await answerTo(mine, name, asked))).toBe(never)
    expect(server().calls()).toHaveLength(before)
  })

  test('C8: is not to be guessed: no two are alike in any part that a client could count up', async () => {
    const states = await Promise.all(
      Array.from({ length: 5 }, async () => (await askedBy(mine, name)).state),
    )
    expect(new Set(states.map((state) => state.slice(0, 16))).size).toBe(5)
    for (const state of states) expect(state).toMatch(/^[\x21-\x7e]{60,}$/)
  })
})

test('what one key is asked does not keep another from calling', async () => {
  const asked = await Promise.all(ERAS.map((era) => askedBy(mine, `${era}__ask`)))
  for (const era of ERAS)
    expect(await callTool(theirs, `${era}__echo`)).toMatchObject({ status: 200 })
  await Promise.all(ERAS.map((era, at) => answerTo(mine, `${era}__ask`, asked[at] ?? NEVER_WAS)))
})

test('I9: on an address of many servers a question says who asks; on a server’s own its words stay [questions/who-asks]', async () => {
  for (const era of ERAS) {
    const merged = await askedBy(mine, `${era}__ask`)
    expect(merged.answer.text).toMatch(new RegExp(`"message":"[^"]*${era}[^"]*A colour\\?"`))
    const own = { ...mine, url: `${gateway.data}/servers/${era}/mcp` }
    const alone = await askedBy(own, 'ask')
    expect(alone.answer.text).toContain('"message":"A colour?"')
    expect(said((await answerTo(own, 'ask', alone)).json)).toContain('blue')
    await answerTo(mine, `${era}__ask`, merged)
  }
})
