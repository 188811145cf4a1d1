import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { callOverHttp, type Caller, openHttpSession } from '../clients/http-client.ts'
import { HttpLine } from '../clients/http-line.ts'
import { SseClient } from '../clients/sse-client.ts'
import { footprintLine, footprintOf, judgeGrowth, settled } from '../footprint.ts'
import { type GoodWorld, inParallel, startGoodWorld } from './good-world.ts'
import { fivePercent, type PartOptions, type PartReport } from './part.ts'

const SESSIONS = 10_000
const AT_ONCE = 32
const IDLE_S = 10
const WITHIN_MS = 20_000

/** Opens legacy sessions, uses each once and drops it, in all the ways in which clients leave. */
export async function soakSessions({
  scale,
  judgesMemory,
  onProgress,
}: PartOptions): Promise<PartReport> {
  const limits = { session: { idle: `${IDLE_S}s` } }
  await using world = await startGoodWorld(8, { limits })
  const count = Math.round(SESSIONS * scale)
  // As many sessions at once as the bounds allow belong to what the gateway always needs.
  await openAndDrop(world, Math.round(count / 2))
  await sleep(IDLE_S * 1_500)
  const before = await footprintOf(world)
  onProgress(`sessions before: ${footprintLine(before)}`)
  const beganMs = performance.now()
  const failures = await openAndDrop(world, count)
  const seconds = (performance.now() - beganMs) / 1_000
  onProgress(`sessions right after: ${footprintLine(await footprintOf(world))}`)
  await sleep(IDLE_S * 1_500)
  const judge = fivePercent(before, judgesMemory)
  const after = await settled(world, (now) => judgeGrowth(before, now, judge))
  return {
    name: 'sessions',
    lines: [
      `${count} legacy sessions opened, called and dropped in ${seconds.toFixed(1)} s`,
      `before: ${footprintLine(before)}`,
      `after:  ${footprintLine(after)}`,
    ],
    problems: [...failures, ...judgeGrowth(before, after, judge)],
  }
}

async function openAndDrop(
  { gateway, tokens, servers }: GoodWorld,
  count: number,
): Promise<string[]> {
  const url = new URL(gateway.url)
  const failures = new Map<string, number>()
  await inParallel(count, AT_ONCE, async (n) => {
    const caller = { url, token: tokens[n % tokens.length] ?? '', withinMs: WITHIN_MS }
    const server = servers[n % servers.length] ?? ''
    const what = await (n % 4 === 3 ? overSse : overHttp)(caller, server, n).catch(String)
    if (what !== '') failures.set(what, (failures.get(what) ?? 0) + 1)
  })
  return [...failures].slice(0, 5).map(([what, times]) => `${times} sessions: ${what}`)
}

/** One session; ends with DELETE, with nothing, or with a cut stream. */
async function overHttp(caller: Caller, server: string, n: number): Promise<string> {
  const line = await HttpLine.open(caller.url)
  try {
    const session = await openHttpSession(line, caller, 'legacy')
    const call = planned(server, n)
    const { outcome, what } = await callOverHttp(line, caller, call, session)
    if (n % 4 === 0) await line.send(request('DELETE', caller.url, session.headers), WITHIN_MS)
    if (n % 4 === 1) await cutStream(caller.url, session.headers)
    return outcome === 'result' ? '' : `${outcome} ${what}`
  } finally {
    line.close()
  }
}

async function overSse(caller: Caller, server: string, n: number): Promise<string> {
  const client = await SseClient.open(caller)
  try {
    const { outcome, what } = await client.call(planned(server, n))
    return outcome === 'result' ? '' : `${outcome} ${what}`
  } finally {
    client.close()
  }
}

function planned(server: string, n: number) {
  const order = { n, fault: 'ok', strikeMs: 0, deadlineMs: WITHIN_MS }
  return { server, tool: 'look', order, faulty: false, startMs: 0 } as const
}

function request(method: string, url: URL, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n`
  return Buffer.from(`${head}Accept: text/event-stream\r\n${lines.join('')}\r\n`)
}

/** Opens the stream of a session and resets it once the answer began. */
async function cutStream(url: URL, headers: Readonly<Record<string, string>>): Promise<void> {
  const socket = connect({ port: Number(url.port), host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined) // it is reset, which is the point
  socket.write(request('GET', url, headers))
  await Promise.race([once(socket, 'data'), sleep(WITHIN_MS)])
  socket.resetAndDestroy()
}
