import { request } from 'node:http'
import path from 'node:path'
import { expect, test, vi } from 'vitest'
import { TestGateway } from '../fixtures/test-gateway.ts'

const FAKE = path.join(import.meta.dirname, '../fixtures/fake-slack.ts')
const PROGRAM = { file: process.execPath, args: [FAKE] }
const SLACK = {
  clientId: '1.2',
  clientSecret: 'c0ffee00c0ffee11',
  scopes: ['channels:read', 'chat:write'],
  toolsets: ['read', 'write'],
  writeChannels: ['#bots'],
  redirectUri: 'https://mcp.acme.io/slack/oauth/callback',
}
const CONFIG = { slack: SLACK, publicUrl: 'https://mcp.acme.io' }

const WITHIN = { timeout: 5_000, interval: 20 }

/** What the stand-in got. */
interface Got {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  readonly body: string
  readonly pid: number
  readonly environment: Readonly<Record<string, string>>
}

interface Asked {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: Buffer
}

function start(config: object = CONFIG, slackProgram = PROGRAM): Promise<TestGateway> {
  return TestGateway.start({ config, slackProgram })
}

async function ask(gateway: TestGateway, target: string, asked: Asked = {}): Promise<Got> {
  const answer = await send(gateway, target, asked)
  expect(answer.status).toBe(200)
  return JSON.parse(answer.body.toString('utf8')) as Got // of our own stand-in
}

function send(
  gateway: TestGateway,
  target: string,
  { method = 'GET', headers = [], body }: Asked = {},
): Promise<{ status: number; message: string; headers: readonly string[]; body: Buffer }> {
  const { hostname, port, host } = new URL(gateway.data)
  return new Promise((resolve, reject) => {
    const named = headers.some((name) => name.toLowerCase() === 'host')
    const all = named ? headers : ['host', host, ...headers]
    const sending = request({ hostname, port, path: target, method, headers: [...all] })
    sending.on('error', reject)
    sending.on('response', async (answer) => {
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part as Buffer) // no encoding is set
      resolve({
        status: answer.statusCode ?? 0,
        message: answer.statusMessage ?? '',
        headers: answer.rawHeaders,
        body: Buffer.concat(parts),
      })
    })
    sending.end(body)
  })
}

function valueOf({ headers }: { readonly headers: readonly string[] }, name: string): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name)
}

test('requests for Slack reach its server byte for byte, without any key [slack/behind/passed]', async () => {
  await using gateway = await start()
  const body = Buffer.from([0, 1, 255, 13, 10, 123])
  const target = '/slack/events/%7Ea/../b?x=%2F&&y'
  const got = await ask(gateway, target, {
    method: 'POST',
    headers: [
      ...['Content-Type', 'application/x-www-form-urlencoded', 'X-Slack-Signature', 'v0=ABC'],
      ...['X-TWICE', 'a', 'X-Twice', 'b', 'X-Forwarded-For', '6.6.6.6', 'Host', 'mcp.acme.io'],
      ...['Content-Length', String(body.length)],
    ],
    body,
  })
  expect(got).toMatchObject({ method: 'POST', url: target, body: body.toString('base64') })
  expect(valueOf(got, 'x-slack-signature')).toEqual(['v0=ABC'])
  expect(valueOf(got, 'x-twice')).toEqual(['a', 'b'])
  expect(valueOf(got, 'host')).toEqual(['mcp.acme.io'])
  expect(valueOf(got, 'x-forwarded-for')).toEqual(['127.0.0.1'])
  const answer = await send(gateway, '/slack/page')
  expect([answer.status, answer.message]).toEqual([418, 'Odd'])
  expect(valueOf(answer, 'set-cookie')).toEqual(['a=1', 'b=2'])
  expect([...answer.body]).toEqual([0, 255, 1, 254])
  expect((await ask(gateway, '/webhook/x')).url).toBe('/webhook/x')
})

test('names, sizes and rates hold for what is passed on [slack/behind/rules]', async () => {
  const limits = { requestBytes: '1KiB', perPrincipal: { rate: '1/s', burst: 5 } }
  await using gateway = await start({ ...CONFIG, limits })
  const foreign = await send(gateway, '/slack/install', { headers: ['Host', 'evil.io'] })
  expect(foreign.status).toBe(403)
  const body = Buffer.alloc(1_025)
  const large = await send(gateway, '/slack/events', {
    method: 'POST',
    headers: ['Content-Length', '1025'],
    body,
  })
  expect(large.status).toBe(413)
  const chunked = await send(gateway, '/slack/events', {
    method: 'POST',
    headers: ['Transfer-Encoding', 'chunked'],
    body,
  })
  expect(chunked.status).toBe(413)
  const statuses = await Promise.all(
    Array.from({ length: 8 }, async () => (await send(gateway, '/slack/page')).status),
  )
  expect(statuses).toContain(429)
})

test('without a Slack server nothing there is without a key', async () => {
  await using gateway = await start({})
  expect((await send(gateway, '/slack/install')).status).toBe(401)
  expect((await send(gateway, '/webhook/x')).status).toBe(401)
})

test('the child gets what it is configured by, a token of its own and nothing else of the gateway', async () => {
  process.env['NOT_FOR_CHILDREN'] = 'x'
  try {
    await using gateway = await start()
    const { environment } = await ask(gateway, '/slack/any')
    expect(environment).toMatchObject({
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_BASE_URL: 'https://mcp.acme.io',
      SLACK_REDIRECT_URI: SLACK.redirectUri,
      SLACK_CLIENT_SECRET: SLACK.clientSecret,
      SLACK_SCOPES: 'channels:read,chat:write',
      SLACK_TOOLSETS: 'read,write',
      SLACK_WRITE_CHANNELS: '#bots',
      SALLYPORT_STORE: `sqlite:${path.join(path.dirname(gateway.storeFile), 'slack.db')}`,
    })
    expect(environment['SALLYPORT_TOKEN']).toMatch(/^gateway=[0-9a-f]{64}$/)
    expect(environment).not.toHaveProperty('NOT_FOR_CHILDREN')
    expect(environment).not.toHaveProperty('SALLYPORT_MASTER_KEY')
  } finally {
    delete process.env['NOT_FOR_CHILDREN']
  }
})

test('a child that is killed is started again, on another port [slack/behind/supervised]', async () => {
  await using gateway = await start()
  const first = await ask(gateway, '/slack/any')
  process.kill(first.pid, 'SIGKILL')
  await vi.waitFor(
    async () => expect((await ask(gateway, '/slack/any')).pid).not.toBe(first.pid),
    WITHIN,
  )
})

test('a child that does not start is told by its reason, and leaves the gateway as it is', async () => {
  const broken = { file: process.execPath, args: [FAKE, 'broken'] }
  await using gateway = await start(CONFIG, broken)
  await vi.waitFor(async () => expect((await send(gateway, '/slack/any')).status).toBe(503), WITHIN)
  const { body } = await send(gateway, '/slack/any')
  expect(JSON.parse(body.toString('utf8'))).toMatchObject({
    error: { data: { code: 'server_unavailable' } },
  })
  expect((await fetch(`${gateway.data}/health/live`)).status).toBe(200)
})

test('what the Slack server counts stands in the metrics of the gateway, once [slack/behind/metrics]', async () => {
  await using gateway = await start()
  await ask(gateway, '/slack/any')
  const metrics = async (): Promise<string[]> => {
    const answer = await fetch(`http://${gateway.running.adminAddress}/metrics`)
    return (await answer.text()).split('\n').filter((line) => /slack|^sallyport_up/.test(line))
  }
  const lines = await metrics()
  expect(lines).toContain('sallyport_slack_odd 7')
  expect(lines).not.toContain('sallyport_up 9')
  const types = lines.filter((line) => line.startsWith('# TYPE sallyport_slack'))
  expect(types).toEqual(['# TYPE sallyport_slack_odd counter'])
})

test('the child ends with the gateway', async () => {
  const gateway = await start()
  const { pid } = await ask(gateway, '/slack/any')
  await gateway[Symbol.asyncDispose]()
  expect(() => process.kill(pid, 0)).toThrow()
})

test('a configuration that changes the child starts another one, and none where it is taken out [slack/behind/reload]', async () => {
  await using gateway = await start()
  const { config } = gateway.running
  const first = await ask(gateway, '/slack/any')
  const reload = async (slack: object | undefined): Promise<void> => {
    gateway.configure({ config: { ...CONFIG, slack } })
    expect(await config.reload({ cause: 'file', by: '' })).toMatchObject({ ok: true })
  }
  await reload({ ...SLACK, description: 'the same child' })
  expect((await ask(gateway, '/slack/any')).pid).toBe(first.pid)
  await reload({ ...SLACK, toolsets: ['read'] })
  const second = await ask(gateway, '/slack/any')
  expect(second.pid).not.toBe(first.pid)
  expect(second.environment['SLACK_TOOLSETS']).toBe('read')
  expect(() => process.kill(first.pid, 0)).toThrow()
  await reload(undefined)
  expect((await send(gateway, '/slack/any')).status).toBe(401)
  await vi.waitFor(() => expect(isAlive(second.pid)).toBe(false), WITHIN)
  await reload(SLACK)
  expect((await ask(gateway, '/slack/any')).pid).not.toBe(second.pid)
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.each([
  [{ mcpServers: { slack: { url: 'http://a/mcp' } }, ...CONFIG }, 'that of the Slack server'],
  [{ slack: { ...SLACK, redirectUri: 'https://mcp.acme.io/other' } }, 'its path is not'],
  [{ slack: { ...SLACK, redirectUri: 'http://mcp.acme.io/slack/oauth/callback' } }, 'is not https'],
  [{ slack: { ...SLACK, redirectUri: undefined } }, 'is not known'],
  [{ ...CONFIG, slack: { ...SLACK, apiUrl: 'https://evil.io/api' } }, 'neither Slack nor loopback'],
  [{ ...CONFIG, slack: { ...SLACK, clientId: undefined } }, 'required'],
  [{ ...CONFIG, slack: { ...SLACK, writeChannels: ['a', '!b'] } }, 'some have not'],
])('%j is refused before anything starts [slack/behind/refused]', async (config, sentence) => {
  const { mcpServers, ...rest } = config as { mcpServers?: Record<string, object> } // of the table
  const gateway = TestGateway.create({ ...(mcpServers && { mcpServers }), config: rest })
  await using _closing = gateway
  await expect(gateway.restart()).rejects.toThrow(sentence)
})
