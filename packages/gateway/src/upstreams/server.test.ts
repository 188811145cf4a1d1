import { systemClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { scanReply } from '@sallyport/kit/mcp'
import { CALLER, type Principal } from '@sallyport/kit/principal'
import { expect, test, vi } from 'vitest'
import type { OpenedSession } from './open-session.ts'
import { Server } from './server.ts'
import type { Exchange, Session } from './session.ts'

const NONE = { tools: false, resources: false, prompts: false }

/** A legacy session that answers everything with an empty result, or nothing at all. */
function fakeSession(answers: boolean): Session {
  const reply = scanReply(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'))
  if (reply === undefined) throw new Error('not a message')
  return {
    ...{ era: 'legacy', version: '2025-11-25', pid: undefined, heard: 0, lost: undefined },
    lastWords: [],
    send: (exchange: Exchange) => void (answers && setImmediate(() => exchange.succeed(reply))),
    adopt: () => undefined,
    cancel: () => undefined,
    notify: () => Promise.resolve(),
    listen: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
}

function principal(id: string): Principal {
  return { id, kind: 'key', name: id, ...CALLER }
}

test('the sessions of two principals that hang are both replaced, though starts fail meanwhile', async () => {
  let starts = 0
  let ready = 0
  const open = (): Promise<OpenedSession> => {
    starts += 1
    // The first two hang, the next one fails, and with it whatever starts during its back-off.
    if (starts === 3) return Promise.reject(new AppError('server_start_failed', 'no'))
    ready += 1
    const agreement = {
      era: 'legacy',
      version: '2025-11-25',
      capabilities: {
        lists: NONE,
        changes: NONE,
        subscribe: false,
        logging: false,
      },
      capabilitiesText: '{}',
      instructions: undefined,
    } as const
    return Promise.resolve({ session: fakeSession(starts > 3), agreement })
  }
  const server = new Server(
    {
      ...{ name: 'one', kind: 'stdio', command: 'none', args: [], env: {}, cwd: '/' },
      ...{ children: 8, share: 'none', startMs: 1_000, idleAfterMs: 60_000 },
      health: { everyMs: 20 },
    },
    {
      ...{ opener: { open }, clock: systemClock, log: silentLog, random: () => 0 },
      events: { onList: () => undefined, onState: () => undefined },
      clientInfo: { name: 'test', version: '0' },
      limits: { resultBytes: 1_000, callMs: 1_000 },
      toolsKnown: 0,
    },
  )
  try {
    for (const id of ['key:a', 'key:b'])
      server.call({ principal: principal(id) }, request()).catch(() => undefined)
    await vi.waitFor(() => expect(ready).toBe(4), { timeout: 5_000 })
    expect(server.status().state).toBe('ready')
  } finally {
    await server.close()
  }
})

/** A call that the hanging session never answers; it opens the session. */
function request(): Parameters<Server['call']>[1] {
  return {
    ...{ method: 'tools/call', name: 'x', paramHeaders: {}, onNotification: undefined },
    encode: () => Buffer.from('{}'),
    signal: AbortSignal.timeout(10_000),
  }
}
