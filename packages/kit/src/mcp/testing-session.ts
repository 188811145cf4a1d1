import { onTestFinished } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Deadlines } from '../limits/index.ts'
import { CALLER, type Principal } from '../principal.ts'
import { EventStream } from './event-stream.ts'
import type { Reservation } from './exchange.ts'
import { LegacySessions } from './sessions.ts'
import { FakeResponse } from './testing-message.ts'

/** A principal by its name, with the id `key:<name>`. */
export function testPrincipal(name: string): Principal {
  return { id: `key:${name}`, kind: 'key', name, ...CALLER }
}

export const ALICE = testPrincipal('alice')
export const BOB = testPrincipal('bob')
export const AGREED = { version: '2025-11-25', capabilities: '{}' }

/** Counts bytes up to a maximum. */
export class FakeBudget {
  held = 0
  readonly max: number

  constructor(max: number) {
    this.max = max
  }

  reserve(): Reservation {
    let own = 0
    return {
      grow: (bytes) => {
        if (this.held + bytes > this.max) return false
        own += bytes
        this.held += bytes
        return true
      },
      release: () => {
        this.held -= own
        own = 0
      },
    }
  }
}

/** Sessions whose ids are readable, and what their streams need; everything is disposed with the test. */
export function openTestSessions(options: { bytesMax?: number; perPrincipalMax?: number } = {}) {
  const clock = new ManualClock()
  const sealer = {
    seal: (plain: Buffer) => plain.toString('base64url'),
    open: (sealed: string) => Buffer.from(sealed, 'base64url'),
  }
  const room = { perPrincipalMax: options.perPrincipalMax ?? 1_000, totalMax: 10_000 }
  const life = { idleMs: 1_000, totalMs: 1_000_000 }
  const sessions = new LegacySessions(sealer, clock, { ...life, ...room })
  const budget = new FakeBudget(options.bytesMax ?? 1_000_000)
  const deadlines = new Deadlines(clock)
  const limits = { requestBytes: 1_000, depth: 8, stallMs: 1_000, unreadBytesMax: 10_000_000 }
  const deps = { reserve: () => budget.reserve(), deadlines, limits, clock }
  const fakes: FakeResponse[] = []
  onTestFinished(() => {
    for (const fake of fakes) fake.destroy()
    sessions[Symbol.dispose]()
    deadlines[Symbol.dispose]()
  })
  const respond = () => {
    const fake = new FakeResponse()
    fakes.push(fake)
    return fake
  }
  const openStream = () => {
    const fake = respond()
    return { fake, stream: new EventStream(fake.response, {}, limits) }
  }
  return { clock, sessions, budget, deadlines, deps, respond, openStream }
}
