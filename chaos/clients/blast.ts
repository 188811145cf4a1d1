import { setTimeout as sleep } from 'node:timers/promises'
import type { CallReport, PlannedCall } from './call.ts'
import { type Caller, callOverHttp, type HttpSession, openHttpSession } from './http-client.ts'
import { HttpLine } from './http-line.ts'
import { SseClient } from './sse-client.ts'
import type { StdioClient } from './stdio-client.ts'

/** Of ten calls, by their number: how each reaches the gateway. */
const KINDS = [
  ...(['modern', 'modern', 'modern', 'modern', 'stdio'] as const),
  ...(['legacy', 'legacy', 'legacy', 'asked', 'sse'] as const),
]

/** Who calls. */
export interface Callers {
  readonly url: string
  /** One for each principal. */
  readonly tokens: readonly string[]
  /** The principal of the local socket. */
  readonly stdio: StdioClient
}

/** One principal of a blast. */
interface Party {
  readonly stdio: StdioClient
  readonly caller: Caller
  readonly legacy: HttpSession
  readonly asked: HttpSession
  readonly sse: SseClient
}

/** Sends calls at their times, each on a connection of its own, and waits for the end of all of them. */
export async function blast(
  { url, tokens, stdio }: Callers,
  calls: readonly PlannedCall[],
  withinMs: number,
): Promise<CallReport[]> {
  const callers = tokens.map((token) => ({ url: new URL(url), token, withinMs }))
  const parties: Party[] = []
  const lines: HttpLine[] = []
  try {
    for (const caller of callers) parties.push({ stdio, ...(await openParty(caller)) })
    for (const _call of calls) lines.push(await HttpLine.open(new URL(url)))
    const beganMs = performance.now()
    return await Promise.all(
      calls.map(async (call, at) => {
        await sleep(Math.max(0, call.startMs - (performance.now() - beganMs)))
        const party = parties[at % parties.length]
        const line = lines[at]
        if (!party || !line) throw new Error('a blast needs a party and a line for every call')
        return make(party, line, call, KINDS[Math.floor(at / parties.length) % KINDS.length])
      }),
    )
  } finally {
    for (const { sse } of parties) sse.close()
    for (const line of lines) line.close()
  }
}

function make(
  { caller, legacy, asked, sse, stdio }: Party,
  line: HttpLine,
  call: PlannedCall,
  kind: (typeof KINDS)[number] | undefined,
): Promise<CallReport> {
  switch (kind) {
    case 'legacy':
      return callOverHttp(line, caller, call, legacy)
    case 'asked':
      return callOverHttp(line, caller, call, asked)
    case 'stdio':
      return stdio.call(call, caller.withinMs)
    case 'sse':
      return sse.call(call)
    default:
      return callOverHttp(line, caller, call)
  }
}

async function openParty(caller: Caller): Promise<Omit<Party, 'stdio'>> {
  const line = await HttpLine.open(caller.url)
  try {
    const legacy = await openHttpSession(line, caller, 'legacy')
    const asked = await openHttpSession(line, caller, 'asked')
    return { caller, legacy, asked, sse: await SseClient.open(caller) }
  } finally {
    line.close()
  }
}
