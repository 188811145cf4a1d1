import { systemClock } from '@sallyport/kit/clock'
import { CallerSigner } from '@sallyport/kit/callers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from '../fixtures/rig.ts'
import { OTHER_TOKEN, RunningServer, type Told, TOKEN } from '../fixtures/running-server.ts'

const AUDIENCE = 'http://127.0.0.1:9200/mcp'
const [ALPHA, BRAVO] = ['TALPHA0001', 'TBRAVO0001']
const signer = new CallerSigner(Buffer.alloc(32, 7), systemClock)
const stranger = new CallerSigner(Buffer.alloc(32, 8), systemClock)

let rig: Rig
let server: RunningServer

beforeAll(async () => {
  rig = await Rig.open()
  server = await RunningServer.start({
    rig,
    env: {
      SALLYPORT_TOKEN: `gateway=${TOKEN},own:${ALPHA}=${OTHER_TOKEN}`,
      SALLYPORT_CALLERS: signer.publicKey,
      SALLYPORT_CALLERS_AUDIENCE: AUDIENCE,
      SLACK_TENANT_TEAMS: `acme=${ALPHA},other=${BRAVO}`,
      SLACK_RATE_PER_SECOND: '1',
      SLACK_RATE_BURST: '20',
    },
  })
  for (const team of [ALPHA, BRAVO]) await rig.browse(`${server.url}/slack/install`, { team })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

let requests = 0

/** What a gateway says of a caller. */
function saying(name: string, tenant: string | null, by = signer, audience = AUDIENCE): string {
  const requestId = `req-${(requests += 1)}`
  return by.sign({ principal: `key:${name}`, name, tenant, roles: ['caller'], requestId }, audience)
}

function list(caller: string | undefined, token = TOKEN, team?: string): Promise<Told> {
  const headers = caller === undefined ? {} : { 'sallyport-caller': caller }
  return server.call('slack_list_channels', team ? { team_id: team } : {}, { token, headers })
}

function teamOf({ body }: Told): string {
  return body?.result?.structuredContent?.team_id ?? body?.result?._meta['dev.sallyport/error'].code
}

test("a gateway's caller uses the workspaces of its tenant and no other [slack/serving/callers]", async () => {
  expect(teamOf(await list(saying('ann', 'acme')))).toBe(ALPHA)
  expect(teamOf(await list(saying('ben', 'other')))).toBe(BRAVO)
  expect(teamOf(await list(saying('ann', 'acme'), TOKEN, BRAVO))).toBe('slack_team_unknown')
  expect(teamOf(await list(saying('eve', null)))).toBe('forbidden')
})

test.each([
  ['nothing', () => undefined],
  ['nonsense', () => 'a.b.c'],
  ['the word of somebody else', () => saying('ann', 'acme', stranger)],
  ['a word for another server', () => saying('ann', 'acme', signer, 'http://127.0.0.1:1/mcp')],
  ['two words', () => `${saying('ann', 'acme')}, ${saying('ben', 'other')}`],
])(
  "the gateway's token with %s about the caller is 401 [slack/serving/callers]",
  async (_case, say) => {
    const told = await list(say())
    expect([told.status, told.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  },
)

test('a word about a caller is good once [slack/serving/callers]', async () => {
  const caller = saying('ann', 'acme')
  expect((await list(caller)).status).toBe(200)
  expect((await list(caller)).status).toBe(401)
})

test('from anybody but the gateway a word about a caller means nothing [slack/serving/callers]', async () => {
  expect(teamOf(await list(saying('ben', 'other'), OTHER_TOKEN))).toBe(ALPHA)
  expect((await list(saying('ann', 'acme'), 'x'.repeat(40))).status).toBe(401)
})

test('a session of one caller is of no use to another [slack/serving/callers]', async () => {
  const ann = { 'sallyport-caller': saying('ann', 'acme') }
  const opened = await server.initialize({ headers: ann })
  const session = opened.headers.get('mcp-session-id') ?? ''
  const as = async (name: string, tenant: string): Promise<number> => {
    const headers = { 'sallyport-caller': saying(name, tenant) }
    return (await server.legacy('tools/list', {}, { session, headers })).status
  }
  expect(await as('ben', 'other')).toBe(404)
  expect(await as('ann', 'other')).toBe(404)
  expect(await as('ann', 'acme')).toBe(200)
})

test('each caller behind the gateway has a rate of its own [slack/serving/callers]', async () => {
  const statuses = async (name: string, count: number): Promise<Set<number>> => {
    const ask = () =>
      server.modern('tools/list', {}, { headers: { 'sallyport-caller': saying(name, 'acme') } })
    const told = Array.from({ length: count }, ask)
    return new Set((await Promise.all(told)).map(({ status }) => status))
  }
  expect(await statuses('hurried', 25)).toEqual(new Set([200, 429]))
  expect(await statuses('calm', 2)).toEqual(new Set([200]))
})
