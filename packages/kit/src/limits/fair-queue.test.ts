import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'
import type { Release } from './lane.ts'
import { PrincipalSlots, type SlotBound } from './principal-slots.ts'

const never = new AbortController().signal

/** Enters and notes under `label` when the place is given. */
function enter(
  queue: FairQueue,
  principal: string,
  seen: { label: string; release: Release }[],
  how: { label?: string; bounds?: readonly SlotBound[] } = {},
): void {
  const { label = principal, bounds } = how
  const place = queue.enter(principal, never, bounds)
  if (typeof place === 'function') seen.push({ label, release: place })
  else void place.then((release) => seen.push({ label, release }))
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('refuses with queue_full and outcome not_sent when nothing may wait [limits/queue/full]', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 0 })
  const release = queue.enter('a', never)
  expect(release).toBeTypeOf('function')
  await expect(queue.enter('a', never)).rejects.toMatchObject({
    code: 'queue_full',
    outcome: 'not_sent',
  })
})

test('rejects with the reason of the signal, before and while waiting, and keeps no trace [limits/queue/abandoned]', async () => {
  const slots = new PrincipalSlots(1)
  const queue = new FairQueue({ inFlightMax: 5, queuedMax: 5 }, slots)
  const reason = new Error('enough')
  await expect(queue.enter('a', AbortSignal.abort(reason))).rejects.toBe(reason)
  const release = queue.enter('a', never) as Release // there is room
  const controller = new AbortController()
  const waiting = queue.enter('a', controller.signal)
  expect(queue.queued).toBe(1)
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  release()
  expect({ queued: queue.queued, inFlight: queue.inFlight, taken: slots.taken('a') }).toEqual({
    queued: 0,
    inFlight: 0,
    taken: 0,
  })
  expect(queue.enter('a', never)).toBeTypeOf('function')
})

test('releasing twice gives back one place', () => {
  const queue = new FairQueue({ inFlightMax: 2, queuedMax: 0 })
  const release = queue.enter('a', never) as Release // there is room
  queue.enter('a', never)
  release()
  release()
  expect(queue.inFlight).toBe(1)
})

test('a principal with a thousand waiting calls delays another by one turn only [limits/queue/fair]', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 2_000 })
  const seen: { label: string; release: Release }[] = []
  for (let index = 0; index < 1_001; index += 1) enter(queue, 'greedy', seen)
  enter(queue, 'modest', seen)
  seen[0]?.release()
  await settle()
  seen[1]?.release()
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['greedy', 'greedy', 'modest'])
})

test('calls of one principal run in the order they came', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 10 })
  const seen: { label: string; release: Release }[] = []
  for (const label of ['1', '2', '3', '4']) enter(queue, 'a', seen, { label })
  for (let index = 0; index < 3; index += 1) {
    seen[index]?.release()
    await settle()
  }
  expect(seen.map(({ label }) => label)).toEqual(['1', '2', '3', '4'])
})

test('a principal at its own cap does not hold up others [limits/queue/principal]', () => {
  const queue = new FairQueue({ inFlightMax: 10, queuedMax: 10 }, new PrincipalSlots(1))
  expect(queue.enter('a', never)).toBeTypeOf('function')
  expect(queue.enter('a', never)).toBeInstanceOf(Promise)
  expect(queue.enter('b', never)).toBeTypeOf('function')
})

test('a slot that becomes free at one server lets the call waiting at another run', async () => {
  const slots = new PrincipalSlots(1)
  const here = new FairQueue({ inFlightMax: 1, queuedMax: 10 }, slots)
  const there = new FairQueue({ inFlightMax: 1, queuedMax: 10 }, slots)
  const seen: { label: string; release: Release }[] = []
  enter(here, 'a', seen, { label: 'here' })
  enter(there, 'a', seen, { label: 'there' })
  expect(there.queued).toBe(1)
  seen[0]?.release()
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['here', 'there'])
})

test('a full queue takes the newest call of the longest lane for a principal with a shorter one', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 3 })
  queue.enter('greedy', never)
  const waiting = [1, 2, 3].map(() => queue.enter('greedy', never))
  const modest = queue.enter('modest', never)
  expect(modest).toBeInstanceOf(Promise)
  await expect(waiting[2]).rejects.toMatchObject({ code: 'queue_full' })
  expect(queue.queued).toBe(3)
  // Two against one: swapping again would only turn the tables.
  await expect(queue.enter('modest', never)).rejects.toMatchObject({ code: 'queue_full' })
  await expect(queue.enter('greedy', never)).rejects.toMatchObject({ code: 'queue_full' })
})

const cap = (slotsMax: number, shared = false): readonly SlotBound[] => [
  { slots: new PrincipalSlots(slotsMax), shared },
]

test('a call that its own cap holds back lets those behind it pass [quotas/concurrent/apart]', async () => {
  const queue = new FairQueue({ inFlightMax: 10, queuedMax: 10 })
  const writes = cap(1)
  const seen: { label: string; release: Release }[] = []
  enter(queue, 'a', seen, { label: 'write 1', bounds: writes })
  enter(queue, 'a', seen, { label: 'write 2', bounds: writes })
  enter(queue, 'a', seen, { label: 'read' })
  enter(queue, 'b', seen, { label: 'write of b', bounds: writes })
  expect(seen.map(({ label }) => label)).toEqual(['write 1', 'read', 'write of b'])
  seen[1]?.release()
  await settle()
  expect(seen).toHaveLength(3)
  seen[0]?.release()
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['write 1', 'read', 'write of b', 'write 2'])
})

test('of a full server, a principal whose first call is held back runs the next that is not', async () => {
  const queue = new FairQueue({ inFlightMax: 2, queuedMax: 10 })
  const writes = cap(1)
  const seen: { label: string; release: Release }[] = []
  enter(queue, 'a', seen, { label: 'write 1', bounds: writes })
  enter(queue, 'b', seen, { label: 'b' })
  enter(queue, 'a', seen, { label: 'write 2', bounds: writes })
  enter(queue, 'a', seen, { label: 'read' })
  seen[1]?.release()
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['write 1', 'b', 'read'])
  expect(queue.queued).toBe(1)
})

test('calls of one principal run in the order they came, whatever their caps', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 10 })
  const writes = cap(5)
  const seen: { label: string; release: Release }[] = []
  enter(queue, 'a', seen, { label: 'read 1' })
  enter(queue, 'a', seen, { label: 'read 2' })
  enter(queue, 'a', seen, { label: 'write 1', bounds: writes })
  enter(queue, 'a', seen, { label: 'read 3' })
  enter(queue, 'a', seen, { label: 'write 2', bounds: writes })
  for (let index = 0; index < 4; index += 1) {
    seen[index]?.release()
    await settle()
  }
  const labels = seen.map(({ label }) => label)
  expect(labels).toEqual(['read 1', 'read 2', 'write 1', 'read 3', 'write 2'])
})

test('a cap of everybody goes round between principals, also over two servers', async () => {
  const shared = cap(1, true)
  const here = new FairQueue({ inFlightMax: 10, queuedMax: 10 })
  const there = new FairQueue({ inFlightMax: 10, queuedMax: 10 })
  const seen: { label: string; release: Release }[] = []
  for (const label of ['a1', 'a2', 'a3']) enter(here, 'a', seen, { label, bounds: shared })
  enter(there, 'b', seen, { label: 'b1', bounds: shared })
  for (let index = 0; index < 4; index += 1) {
    expect(seen).toHaveLength(index + 1)
    seen[index]?.release()
    await settle()
  }
  expect(seen.map(({ label }) => label)).toEqual(['a1', 'a2', 'b1', 'a3'])
})

test('a place is taken at once or not at all where a call does not want to wait', () => {
  const queue = new FairQueue({ inFlightMax: 2, queuedMax: 10 }, new PrincipalSlots(2), cap(2))
  const one = cap(1)
  expect(queue.tryEnter('a', one)).toBeTypeOf('function')
  expect(queue.tryEnter('a', one)).toBeUndefined()
  expect(queue.tryEnter('a')).toBeTypeOf('function')
  expect(queue.tryEnter('a')).toBeUndefined()
  expect([queue.inFlight, queue.queued]).toEqual([2, 0])
})

test('other limits hold for who waits already, and what runs stays', async () => {
  const slots = new PrincipalSlots(1)
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 10 }, slots)
  const seen: { label: string; release: Release }[] = []
  for (const label of ['1', '2', '3']) enter(queue, 'a', seen, { label })
  queue.reconfigure({ inFlightMax: 3, queuedMax: 10 })
  await settle()
  expect(seen).toHaveLength(1)
  slots.reconfigure(2)
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['1', '2'])
  queue.reconfigure({ inFlightMax: 1, queuedMax: 10 })
  seen[0]?.release()
  await settle()
  expect([seen.length, queue.inFlight]).toEqual([2, 1])
  seen[1]?.release()
  await settle()
  expect(seen.map(({ label }) => label)).toEqual(['1', '2', '3'])
})

test('under any order of entering, leaving and giving up, caps hold and everybody is served', async () => {
  const step = fc.record({
    kind: fc.constantFrom('enter', 'enter', 'release', 'abort'),
    who: fc.nat(3),
    where: fc.nat(1),
    what: fc.nat(2),
    pick: fc.nat(20),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const slots = new PrincipalSlots(2)
      const queues = [0, 1].map(() => new FairQueue({ inFlightMax: 3, queuedMax: 6 }, slots))
      const own = new PrincipalSlots(1)
      const shared = new PrincipalSlots(2)
      const kinds = [
        undefined,
        [{ slots: own, shared: false }],
        [
          { slots: own, shared: false },
          { slots: shared, shared: true },
        ],
      ]
      const held: Release[] = []
      const waiting: AbortController[] = []
      for (const { kind, who, where, what, pick } of steps) {
        if (kind === 'release') held.splice(pick % Math.max(1, held.length), 1)[0]?.()
        if (kind === 'abort') waiting[pick % Math.max(1, waiting.length)]?.abort()
        if (kind === 'enter') {
          const controller = new AbortController()
          const place = queues[where]?.enter(`p${who}`, controller.signal, kinds[what])
          if (typeof place === 'function') held.push(place)
          else {
            waiting.push(controller)
            place?.then(
              (release) => held.push(release),
              () => undefined,
            )
          }
        }
        await settle()
        for (const queue of queues) {
          expect(queue.inFlight).toBeLessThanOrEqual(3)
          expect(queue.queued).toBeLessThanOrEqual(6)
        }
        for (const id of [0, 1, 2, 3]) {
          expect(slots.taken(`p${id}`)).toBeLessThanOrEqual(2)
          expect(own.taken(`p${id}`)).toBeLessThanOrEqual(1)
        }
        expect(shared.taken('')).toBeLessThanOrEqual(2)
      }
      for (let release = held.pop(); release !== undefined; release = held.pop()) {
        release()
        await settle()
      }
      expect(queues.map(({ inFlight, queued }) => [inFlight, queued])).toEqual([
        [0, 0],
        [0, 0],
      ])
      for (const id of [0, 1, 2, 3]) {
        expect([slots.taken(`p${id}`), own.taken(`p${id}`)]).toEqual([0, 0])
      }
      expect(shared.taken('')).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('a tenant with many principals gets no more turns than one with a single one [tenancy/limits/fair]', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 100 })
  const seen: { label: string; release: Release }[] = []
  const wait = (who: string, party: string): void => {
    void Promise.resolve(queue.enter(who, never, [], party)).then((release) =>
      seen.push({ label: who, release }),
    )
  }
  wait('a1', 'tenant a')
  for (const who of ['a2', 'a3', 'a4', 'a2', 'a3']) wait(who, 'tenant a')
  for (const who of ['b1', 'b1', 'b1']) wait(who, 'tenant b')
  wait('alone', 'alone')
  for (let index = 0; index < 10; index += 1) {
    await settle()
    seen[index]?.release()
  }
  expect(seen.map(({ label }) => label)).toEqual(
    ['a1', 'a2', 'b1', 'alone', 'a3', 'b1', 'a4', 'b1', 'a2', 'a3'], // turns between tenants, and within one
  )
})

test('in a full queue a tenant’s many short lanes give way to another tenant’s call [tenancy/limits/fair]', async () => {
  const queue = new FairQueue({ inFlightMax: 1, queuedMax: 4 })
  queue.enter('a0', never, [], 'tenant a')
  const waiting = ['a1', 'a2', 'a3', 'a3'].map((who) => queue.enter(who, never, [], 'tenant a'))
  const refusedAt: number[] = []
  waiting.forEach((one, at) => Promise.resolve(one).catch(() => refusedAt.push(at)))
  expect(queue.enter('b1', never, [], 'tenant b')).toBeInstanceOf(Promise)
  await expect(waiting[3]).rejects.toMatchObject({ code: 'queue_full' })
  expect(queue.enter('b2', never, [], 'tenant b')).toBeInstanceOf(Promise)
  const refused = queue.enter('b3', never, [], 'tenant b')
  await expect(refused).rejects.toMatchObject({ code: 'queue_full' })
  expect(refusedAt).toEqual([3, expect.any(Number)]) // its longest lane first, then one of equal ones
})
