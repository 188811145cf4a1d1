import type { Deployment, Finding } from '@sallyport/checklist'
import { Secret } from '@sallyport/kit/secret'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Carelessness } from '../fixtures/careless.ts'
import { startCareless } from '../fixtures/careless.ts'
import { EDGE_IDS, findings, openChecked, textOf, withState } from '../fixtures/check-edge.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'

const ORIGIN = 'https://app.example.com'
/** Many requests, and a password to hash: looked at where they are concerned. */
const SLOW = ['api/documented', 'api/login']

const scope = new AsyncDisposableStack()
let gateway: TestGateway
let deployment: Deployment

beforeAll(async () => {
  const config = {
    origins: [ORIGIN],
    // Every careless server is asked with a bad key, from this one address.
    limits: { lockout: { failures: 10_000 } },
  }
  gateway = scope.use(await startGateway({ config }))
  deployment = scope.use(await openChecked(gateway)).deployment
})
afterAll(() => scope.disposeAsync())

/** What is found where a careless server stands in place of both listeners. */
async function behind(
  carelessness: Carelessness,
  slow: readonly string[] = [],
): Promise<ReadonlyMap<string, Finding>> {
  const { gateway: view } = deployment
  if (view === undefined) throw new Error('the gateway does not run')
  await using data = await startCareless(gateway.data, carelessness)
  await using admin = await startCareless(gateway.admin, carelessness)
  const looked = { ...deployment, gateway: { ...view, dataUrl: data.url, adminUrl: admin.url } }
  const ids = EDGE_IDS.filter((id) => slow.includes(id) || !SLOW.includes(id))
  return await findings(looked, ids)
}

test('of a gateway on loopback that is in order nothing fails, and nothing stays open', async () => {
  const found = await findings(deployment)
  const bad = [...withState(found, 'failed'), ...withState(found, 'unproved')]
  expect(bad.map((id) => [id, textOf(found.get(id))])).toEqual([])
  expect(withState(found, 'proved')).toEqual(
    expect.arrayContaining(['door/unauthenticated', 'door/cors', 'api/documented', 'ports/answer']),
  )
})

test('looking leaves no lasting trace: one bad key and one bad login a run, and nothing is changed', async () => {
  const before = await gateway.api<{ items: object[] }>('audit?limit=500')
  await findings({ ...deployment })
  const after = await gateway.api<{ items: { code: string }[] }>('audit?limit=500')
  const codes = after.items
    .slice(0, after.items.length - before.items.length)
    .map(({ code }) => code)
  const count = (code: string): number => codes.filter((one) => one === code).length
  // Rows are limited to ten a second, so that one may be missing.
  expect(count('credential_invalid')).toBeLessThanOrEqual(1)
  expect(count('login_failed')).toBeLessThanOrEqual(1)
  expect(count('locked_out')).toBe(0)
  expect(codes.length).toBeLessThan(25)
})

test('a server that lets everybody in fails [check/door/unauthenticated]', async () => {
  const found = await behind({
    answer: (req, res) => {
      if (req.headers.authorization !== undefined || req.method !== 'POST') return false
      if (req.url !== '/mcp') return false
      res.end('{}')
      return true
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/unauthenticated'])
  expect(textOf(found.get('door/unauthenticated'))).toContain('answers 200 instead of 401')
})

test('a 401 that does not say what is asked for fails', async () => {
  const found = await behind({ reply: ({ headers }) => delete headers['www-authenticate'] })
  expect(withState(found, 'failed')).toEqual(['door/unauthenticated'])
})

test('a server that takes any key fails [check/door/bad-key]', async () => {
  const found = await behind({
    reply: (reply, req) => {
      if (reply.status === 401 && req.headers.authorization !== undefined) reply.status = 200
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/bad-key'])
})

test('a server that slows us down proves nothing and fails nothing', async () => {
  const found = await behind({
    reply: (reply, req) => {
      if (reply.status === 401 && req.headers.authorization !== undefined) reply.status = 429
    },
  })
  expect([withState(found, 'failed'), withState(found, 'unproved')]).toEqual([[], ['door/bad-key']])
})

test('a server that knows no roles fails [check/door/weak-role]', async () => {
  const found = await behind({
    reply: (reply, req) => {
      if (reply.status === 403 && req.url?.startsWith('/api/')) reply.status = 200
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/weak-role'])
})

test('a key that may do everything shows no refusal, so that roles stay unproved', async () => {
  const { key } = await gateway.json<{ key: string }>(['keys', 'create', 'all', '--role', 'admin'])
  const { gateway: view } = deployment
  if (view === undefined) throw new Error('the gateway does not run')
  const looked = { ...deployment, gateway: { ...view, key: async () => new Secret(key) } }
  const found = await findings(looked, ['door/weak-role', 'api/documented'])
  expect(found.get('door/weak-role')?.state).toBe('unproved')
  // And what an administrator could do was not done.
  expect(found.get('api/documented')?.state).toBe('proved')
  expect(gateway.logs).not.toMatch(/configuration (?:reloaded|rolled back)|key revoked/)
})

test('a server that reads before it judges a length fails [check/door/body-limit]', async () => {
  const found = await behind({
    answer: (req) => Number(req.headers['content-length'] ?? 0) > 60_000,
  })
  expect(withState(found, 'failed')).toEqual(['door/body-limit'])
  expect(textOf(found.get('door/body-limit'))).toContain('is still waited for')
})

test('a server that answers half a message as it likes fails [check/door/malformed]', async () => {
  const found = await behind({
    reply: (reply) => {
      if (reply.text.includes('-32700')) reply.text = 'Bad Request'
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/malformed'])
})

test('a server that answers to any name fails [check/door/host]', async () => {
  const found = await behind({ request: (headers) => (headers.host = '127.0.0.1') })
  expect(withState(found, 'failed')).toEqual(['door/host'])
})

test('a server that lets any page call fails [check/door/origin]', async () => {
  const found = await behind({
    request: (headers, req) => {
      if (req.method === 'GET') delete headers.origin
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/origin'])
})

test('a wildcard for pages fails, and so does a known page that is not named [check/door/cors]', async () => {
  const wild = await behind({
    reply: ({ headers }) => {
      headers['access-control-allow-origin'] = '*'
      headers['access-control-allow-credentials'] = 'true'
    },
  })
  expect(withState(wild, 'failed')).toEqual(['door/cors'])
  expect(textOf(wild.get('door/cors'))).toContain('Allow-Origin: *`, with credentials')
  const mute = await behind({
    reply: ({ headers }) => delete headers['access-control-allow-origin'],
  })
  expect(withState(mute, 'failed')).toEqual(['door/cors'])
})

test('missing headers and told versions fail by name [check/door/headers]', async () => {
  const found = await behind({
    reply: ({ headers }) => {
      delete headers['x-content-type-options']
      headers.server = 'nginx/1.22.1'
      headers['x-powered-by'] = 'Express'
    },
  })
  expect(withState(found, 'failed')).toEqual(['door/headers'])
  expect(textOf(found.get('door/headers'))).toMatch(/nosniff.*nginx\/1\.22\.1.*Express/)
})

test.each(['Error: no\n    at judge (/srv/app/door.js:12:3)', 'open /home/me/keys.json'])(
  'a refusal that tells of the inside fails: %j [check/door/errors]',
  async (text) => {
    const found = await behind({
      reply: (reply) => {
        if (reply.status === 401) reply.text = JSON.stringify({ error: text })
      },
    })
    expect(withState(found, 'failed')).toEqual(['door/errors'])
  },
)

test('health that is always well, or never, fails [check/health/endpoints]', async () => {
  const well = await behind({
    reply: (reply, req) => {
      if (req.url?.startsWith('/health/'))
        Object.assign(reply, { status: 200, text: '{"status":"ok"}' })
    },
  })
  // The door stands before health, so that it is open as well.
  expect(withState(well, 'failed')).toEqual(['door/host', 'door/origin', 'health/endpoints'])
  const ill = await behind({
    reply: (reply, req) => {
      if (req.url === '/health/ready') Object.assign(reply, { status: 503 })
    },
  })
  expect(withState(ill, 'failed')).toEqual(['health/endpoints'])
  expect(textOf(ill.get('health/endpoints'))).toContain('answers 503 and says `ok`')
})

test('health that tells everything to anybody fails [check/health/closed-detail]', async () => {
  const found = await behind({
    reply: (reply, req) => {
      if (req.url !== '/health' || reply.status !== 200) return
      reply.text = JSON.stringify({ status: 'ok', version: '1.0.0', servers: ['files'] })
    },
  })
  expect(withState(found, 'failed')).toEqual(['health/closed-detail'])
  expect(textOf(found.get('health/closed-detail'))).toContain('tells version, servers to anybody')
})

test('a login that is not there fails, as an address and as a login [check/api/login] [check/api/documented]', async () => {
  const found = await behind(
    {
      reply: (reply, req) => {
        if (req.url === '/api/v1/auth/login' && req.headers['content-length'] !== '65537')
          Object.assign(reply, { status: 404, text: 'Not Found' })
      },
    },
    SLOW,
  )
  expect(withState(found, 'failed')).toEqual(['api/login', 'api/documented'])
  expect(textOf(found.get('api/documented'))).toMatch(
    /POST .*\/auth\/login: is documented and answers 404/,
  )
})

test('a list of servers that is open, or lacks one, fails [check/api/servers]', async () => {
  const open = await behind({
    answer: (req, res) => {
      if (req.url !== '/api/v1/servers' || req.headers.authorization !== undefined) return false
      res.end('{"items":[]}')
      return true
    },
  })
  // The door stands before it, so that it is open as well.
  expect(withState(open, 'failed')).toEqual(['door/unauthenticated', 'api/servers'])
  const { config } = deployment
  if (config === undefined) throw new Error('the configuration cannot be read')
  const more = { ...config, servers: { files: config.servers['files'] } } as typeof config // only its name counts
  const found = await findings({ ...deployment, config: more }, ['api/servers'])
  expect(found.get('api/servers')).toMatchObject({
    state: 'failed',
    evidence: [{ text: 'files of the file is not in the list of servers' }, {}],
  })
})

test('metrics that are none, or open to others, fail [check/metrics/served] [check/metrics/protected]', async () => {
  const page = await behind({
    reply: (reply, req) => {
      if (req.url === '/metrics' && reply.status === 200) reply.text = '<html>metrics</html>'
    },
  })
  expect(withState(page, 'failed')).toEqual(['metrics/served'])
  const open = await behind({
    reply: (reply, req) => {
      if (req.url !== '/metrics') return
      Object.assign(reply, { status: 200, text: '# TYPE sallyport_calls counter\n' })
      reply.headers['content-type'] = 'text/plain'
    },
  })
  expect(withState(open, 'failed')).toEqual(['metrics/protected'])
})

test('where nothing answers that alone fails; what could not be looked at is unproved [check/ports/answer]', async () => {
  const { gateway: view } = deployment
  if (view === undefined) throw new Error('the gateway does not run')
  const { url } = await closedAddress()
  const looked = { ...deployment, gateway: { ...view, dataUrl: url, adminUrl: url } }
  const found = await findings(looked)
  expect(withState(found, 'failed')).toEqual(['ports/answer'])
  expect(textOf(found.get('ports/answer'))).toContain('nothing listens there')
  expect(withState(found, 'unproved')).toContain('door/bad-key')
})

test('without a gateway that runs nothing is proved of it', async () => {
  const found = await findings({ ...deployment, gateway: undefined })
  expect(withState(found, 'failed')).toEqual([])
  expect(withState(found, 'proved')).toEqual(['door/loopback', 'ports/declared'])
})

async function closedAddress(): Promise<{ readonly url: string }> {
  await using server = await startCareless(gateway.data, {})
  return { url: server.url }
}
