/**
 * What a Slack server keeps in memory for 1,000 installations, each used once and with 100 channels known, and one walk
 * through 3,000 channels. Run it alone: `node bench/slack-size.ts`. Prints one line of JSON. Live memory is what is left
 * after forced collections; resident memory also holds what V8 keeps for later.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { INSPECTED, LiveMemory } from './live-memory.ts'
import { Fleet, freePort, type Running } from './processes.ts'
import { rssMb } from './proc-stat.ts'

const INSTALLATIONS = 1_000
const CHANNELS = 3_000
const PAGE = 700
const START_MS_MAX = 20_000
const FILL_MS_MAX = 60_000
const WARM_UP_CALLS = 200
/** For all installations, used, on top of one. */
const TARGET_MB = 100
/** Of the whole process. */
const LIVE_MB = 150

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const teams = Array.from(
  { length: INSTALLATIONS },
  (_, index) => `T0BENCH${String(index + 1).padStart(4, '0')}`,
)
const token = randomBytes(24).toString('base64url')

interface Server extends AsyncDisposable {
  readonly url: string
  readonly running: Running
}

/** What a tool answered. */
interface Page {
  readonly channels: readonly { readonly id: string }[]
  readonly next_cursor?: string
}

await using fleet = new Fleet()
const slack = fleet.start({ command: [process.execPath, at('servers/slack-fake.ts')] })
const { port } = await slack.until(() => firstLine(slack), START_MS_MAX)
const fake = `http://127.0.0.1:${port}`

const store = `sqlite:${fleet.folder}/slack.db`
const filling = fleet.start({
  command: [process.execPath, at('servers/slack-fill.ts'), store, String(INSTALLATIONS)],
})
await filling.end(FILL_MS_MAX)
await using server = await startServer(store)
using memory = await LiveMemory.open(server.running)
const startRssMb = rssMb(server.running.pid) ?? Number.NaN
// what the first calls of a process leave for good is not the cost of installations
for (let index = 0; index < WARM_UP_CALLS; index += 1) {
  await call(server, { team_id: teams[0] ?? '', limit: 100 })
}
const before = await memory.bytes()
for (const team_id of teams) await call(server, { team_id, limit: 100 })
const after = await memory.bytes()
const startMs = performance.now()
const pages = await walk(server)
const walkMs = performance.now() - startMs
const addedMb = (after - before) / 1e6
console.log(
  JSON.stringify({
    installations: INSTALLATIONS,
    ...{ liveMb: round(after / 1e6), addedMb: round(addedMb) },
    ...{ startRssMb: round(startRssMb), rssMb: round(rssMb(server.running.pid) ?? Number.NaN) },
    ...{ channels: CHANNELS, pages, walkMs: round(walkMs) },
    ok: addedMb <= TARGET_MB && after / 1e6 <= LIVE_MB,
  }),
)

function firstLine(running: Running): { port: number; pid: number } | undefined {
  const [line = ''] = running.output.split('\n')
  return line === '' ? undefined : JSON.parse(line)
}

async function startServer(location: string): Promise<Server> {
  const own = await freePort()
  const url = `http://127.0.0.1:${own}`
  const running = fleet.start({
    command: [
      ...[process.execPath, INSPECTED, at('../packages/cli/bin/sallyport.js')],
      ...['slack', '--json'],
    ],
    cwd: fleet.folder,
    env: {
      ...{ SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: randomBytes(16).toString('hex') },
      ...{ HOST: '127.0.0.1', PORT: String(own), LOG_LEVEL: 'warn', SALLYPORT_STORE: location },
      SALLYPORT_TOKEN: `bench:${teams.join('+')}=${token}`,
      SLACK_REDIRECT_URI: `${url}/slack/oauth/callback`,
      SLACK_SCOPES: 'channels:read,channels:history,groups:history,users:read,chat:write',
      SLACK_API_URL: `${fake}/api/`,
      SLACK_AUTHORIZE_URL: `${fake}/oauth/v2/authorize`,
      SLACK_TEST_CALLS_PER_MINUTE: '600000',
      ...{ SLACK_RATE_PER_SECOND: '10000', SLACK_RATE_BURST: '10000' },
    },
  })
  await running.until(() => firstLine(running), START_MS_MAX)
  return { url, running, [Symbol.asyncDispose]: () => running.stop() }
}

/** Pages of one walk through all channels of a team. @throws {Error} when one is missing or comes twice */
async function walk(server: Server): Promise<number> {
  const seen = new Set<string>()
  let cursor: string | undefined
  let pages = 0
  let got = 0
  do {
    const page = await call(server, {
      team_id: teams[0] ?? '',
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    })
    for (const { id } of page.channels) seen.add(id)
    got += page.channels.length
    pages += 1
    cursor = page.next_cursor
  } while (cursor !== undefined)
  if (seen.size !== CHANNELS || got !== CHANNELS) throw new Error(`${seen.size} channels in ${got}`)
  return pages
}

async function call(server: Server, args: Readonly<Record<string, unknown>>): Promise<Page> {
  const name = 'slack_list_channels'
  const answer = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })
  const text = await answer.text()
  const json = JSON.parse(text) as { result?: { structuredContent?: Page } } // as the tool answers
  const page = json.result?.structuredContent
  if (page === undefined) throw new Error(`not an answer: ${text.slice(0, 300)}`)
  return page
}

function round(value: number): number {
  return Math.round(value)
}
