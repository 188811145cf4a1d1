/**
 * What the Slack server costs: 200 tool calls a second against a Slack on loopback that answers at once, then as
 * many as it takes. Run it alone: `node bench/slack.ts`. Prints one line of JSON.
 */
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Fleet, freePort, type Running } from './processes.ts'
import { cpuUs, rssMb } from './proc-stat.ts'

const RATE_PER_SECOND = 200
const SECONDS = 8
const WARM_UP_SECONDS = 2
const CONNECTIONS = 16
const FULL_SECONDS = 4
const START_MS_MAX = 20_000
const TARGET_MS = 5

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const token = randomBytes(24).toString('base64url')

interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What was measured of many calls. */
interface Sample {
  readonly p50Ms: number
  readonly p99Ms: number
}

await using fleet = new Fleet()
const slack = fleet.start({ command: [process.execPath, at('servers/slack-fake.ts')] })
const { port } = await slack.until(() => firstLine(slack), START_MS_MAX)
const fake = `http://127.0.0.1:${port}`
const server = await startServer(fake)
await install(server.url)

const call = toolCall(server.url)
const direct: Target = {
  url: `${fake}/api/conversations.history`,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'channel=C0BENCH001&limit=20',
}
await paced(direct, WARM_UP_SECONDS)
const alone = await paced(direct, 3)
await paced(call, WARM_UP_SECONDS)
const asked = Number(await read(`${fake}/count`))
const startUs = cpuUs(server.pid) ?? Number.NaN
const through = await paced(call, SECONDS)
const calls = RATE_PER_SECOND * SECONDS
const cpuMs = ((cpuUs(server.pid) ?? Number.NaN) - startUs) / 1_000 / calls
const upstream = (Number(await read(`${fake}/count`)) - asked) / calls
const full = await unpaced(call, FULL_SECONDS)
const ownMs = through.p50Ms - alone.p50Ms
console.log(
  JSON.stringify({
    ratePerSecond: RATE_PER_SECOND,
    ...{ ownP50Ms: round(ownMs), p50Ms: round(through.p50Ms), p99Ms: round(through.p99Ms) },
    slackP50Ms: round(alone.p50Ms),
    cpuMsPerCall: round(cpuMs),
    slackRequestsPerCall: round(upstream),
    callsPerSecondMax: Math.round(full),
    rssMb: Math.round(rssMb(server.pid) ?? Number.NaN),
    ok: ownMs < TARGET_MS && full >= RATE_PER_SECOND,
  }),
)
agent.destroy()

function firstLine(running: Running): { port: number; pid: number } | undefined {
  const [line = ''] = running.output.split('\n')
  return line === '' ? undefined : JSON.parse(line)
}

async function startServer(slackUrl: string): Promise<{ url: string; pid: number }> {
  const own = await freePort()
  const url = `http://127.0.0.1:${own}`
  const running = fleet.start({
    command: [process.execPath, at('../packages/cli/bin/sallyport.js'), 'slack', '--json'],
    cwd: fleet.folder,
    env: {
      ...{ SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: randomBytes(16).toString('hex') },
      ...{ HOST: '127.0.0.1', PORT: String(own), SALLYPORT_TOKEN: token, LOG_LEVEL: 'warn' },
      SLACK_REDIRECT_URI: `${url}/slack/oauth/callback`,
      SLACK_SCOPES: 'channels:read,channels:history,groups:history,users:read,chat:write',
      SLACK_API_URL: `${slackUrl}/api/`,
      SLACK_AUTHORIZE_URL: `${slackUrl}/oauth/v2/authorize`,
      SALLYPORT_STORE: `sqlite:${fleet.folder}/slack.db`,
      SLACK_TEST_CALLS_PER_MINUTE: '600000',
      SLACK_RATE_PER_SECOND: '10000',
      SLACK_RATE_BURST: '10000',
    },
  })
  const ready = await running.until(() => firstLine(running), START_MS_MAX)
  return { url, pid: ready.pid }
}

async function install(url: string): Promise<void> {
  const begun = await fetch(`${url}/slack/install`, { redirect: 'manual' })
  const cookie = begun.headers.getSetCookie().map((each) => each.split(';')[0])
  const back = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
  const headers = { cookie: cookie.join('; ') }
  const page = await fetch(back.headers.get('location') ?? '', { headers })
  if (!page.ok) throw new Error(`the installation answered ${page.status}`)
}

function toolCall(url: string): Target {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const name = 'slack_get_channel_history'
  const params = { name, arguments: { channel_id: 'C0BENCH001', limit: 20 }, _meta }
  return {
    url: `${url}/mcp`,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  }
}

/** Calls at even distances, whether or not the earlier ones have come back. */
async function paced(target: Target, seconds: number): Promise<Sample> {
  const running: Promise<number>[] = []
  const startMs = performance.now()
  for (let index = 0; index < RATE_PER_SECOND * seconds; index += 1) {
    const dueMs = startMs + (index * 1_000) / RATE_PER_SECOND
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    running.push(timed(target))
  }
  const sorted = (await Promise.all(running)).toSorted((one, other) => one - other)
  const share = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0
  return { p50Ms: share(0.5), p99Ms: share(0.99) }
}

/** Calls one after another on each of several connections; how many a second. */
async function unpaced(target: Target, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000
  let done = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await timed(target)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  return done / seconds
}

/** Milliseconds of one call. @throws {Error} when it fails */
async function timed(target: Target): Promise<number> {
  const startMs = performance.now()
  const answer = await read(target.url, target)
  if (!answer.includes('payments service') || answer.includes('"isError":true')) {
    throw new Error(`not an answer: ${answer.slice(0, 300)}`)
  }
  return performance.now() - startMs
}

function read(url: string, target?: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const { headers = {}, body } = target ?? {}
    const method = target === undefined ? 'GET' : 'POST'
    request(url, { method, agent, headers }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (part: string) => (text += part))
      res.on('end', () => resolve(text)).on('error', reject)
    })
      .on('error', reject)
      .end(body)
  })
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
