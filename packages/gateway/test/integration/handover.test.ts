import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { openLine, socketPathOf } from '@sallyport/kit/lifecycle'
import { silentLog as log } from '@sallyport/kit/log'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HANDOVER_PATH, HANDOVER_PROTOCOL, WISH_HEADER } from '../../src/handover/line.ts'
import { LocalSocket } from '../../src/handover/local-socket.ts'
import { createLocalUpgrade } from '../../src/handover/local-upgrade.ts'
import { OldSide, type OldSideDeps } from '../../src/handover/old-side.ts'
import { StoreHold } from '../../src/handover/store-hold.ts'
import { Succession, type SuccessionOptions } from '../../src/handover/succession.ts'

const DATA = '127.0.0.1:9100'
const limits = {
  headerBytes: 8_192,
  requestMs: 5_000,
  connections: 100,
  connectionsPerAddress: 100,
}

let folder: string
let base: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-handover-'))
  base = join(folder, 'store.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A gateway that runs, as far as a handover sees it. */
class Old implements AsyncDisposable {
  left = 0
  readonly #resources: AsyncDisposableStack

  private constructor(resources: AsyncDisposableStack) {
    this.#resources = resources
  }

  static async open(more: Partial<OldSideDeps> = {}): Promise<Old> {
    await using opening = new AsyncDisposableStack()
    const hold = opening.use(await StoreHold.take(base))
    const held: LocalSocket[] = []
    const old = new Old(new AsyncDisposableStack())
    const side = opening.use(
      new OldSide({
        self: () => ({ pid: process.pid, version: '1.0.0', instances: ['aa', 'bb'] }),
        data: () => DATA,
        refusal: () => undefined,
        held: () => [...held, hold],
        leave: () => (old.left += 1),
        log,
        ...more,
      }),
    )
    const lines = {
      stdio: undefined as never, // nobody asks for lines here
      hasScope: () => false,
      running: () => true,
    }
    const address = { path: socketPathOf(base), mode: 0o600 }
    const onUpgrade = createLocalUpgrade(lines, side)
    held.push(
      opening.use(
        await LocalSocket.open({
          ...{ address, limits, onUpgrade },
          handler: (_req, res) => res.end('old'),
        }),
      ),
    )
    old.#resources.use(opening.move())
    return old
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]()
  }
}

function heir(more: Partial<SuccessionOptions> = {}): Succession {
  return new Succession({
    wish: { pid: process.pid, version: '2.0.0', data: DATA },
    heir: true,
    obstacle: undefined,
    drainMs: 0,
    clock: systemClock,
    log,
    ...more,
  })
}

const locked = (message: RegExp): object => ({
  code: 'store_locked',
  message: expect.stringMatching(message),
})

test('a new gateway gets lock and socket at once, and the old one leaves when it is ready and not before', async () => {
  await using old = await Old.open()
  using succession = heir()
  await using _hold = await succession.take(base)
  expect([existsSync(socketPathOf(base)), old.left, succession.instances]).toEqual([
    false,
    0,
    ['aa', 'bb'],
  ])
  await succession.complete()
  expect(old.left).toBe(1)
})

test('a new gateway that ends before it is ready gives everything back, and the next one gets it [handover/takes-back]', async () => {
  await using old = await Old.open()
  for (let round = 0; round < 3; round += 1) {
    using failing = heir()
    await using _hold = await failing.take(base)
  }
  await vi.waitFor(() => expect(existsSync(socketPathOf(base))).toBe(true))
  await expect(StoreHold.take(base)).rejects.toMatchObject({ code: 'store_locked' })
  expect(old.left).toBe(0)
  using succession = heir()
  await using _hold = await succession.take(base)
  await succession.complete()
  expect(old.left).toBe(1)
})

test('a new gateway that takes too long is told so, and ends; until then nobody serves without a lock', async () => {
  await using old = await Old.open({ readyMs: 300 })
  using late = heir()
  {
    await using _hold = await late.take(base)
    await new Promise((resolve) => setTimeout(resolve, 400))
    await expect(late.complete()).rejects.toMatchObject(locked(/does not hand over.*within 0.3 s/))
  }
  await vi.waitFor(() => expect(existsSync(socketPathOf(base))).toBe(true))
  expect(old.left).toBe(0)
})

test('when the old one ends in the middle, the new one goes on alone', async () => {
  const old = await Old.open()
  using succession = heir()
  await using _hold = await succession.take(base)
  await old[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(succession.instances).toEqual([]))
  await succession.complete()
})

test('while one takes over another is refused, and so is one on other sockets or without any [handover/refused]', async () => {
  await using old = await Old.open()
  const wish = { pid: 1, version: '2.0.0', data: '127.0.0.1:9999' }
  await expect(heir({ wish }).take(base)).rejects.toMatchObject(
    locked(/serves on 127.0.0.1:9100, not on 127.0.0.1:9999/),
  )
  await expect(heir({ heir: false }).take(base)).rejects.toMatchObject(locked(/uses the store/))
  const obstacle = 'hand over the socket of `admin` too'
  await expect(heir({ obstacle }).take(base)).rejects.toMatchObject(
    locked(/to take over from it, hand over the socket of `admin` too/),
  )
  using first = heir()
  await using _hold = await first.take(base)
  // It waits for the one that has the lock as it does for one that stops; here not for 15 s.
  const second = heir({ drainMs: -14_700 })
  await expect(second.take(base)).rejects.toMatchObject({ code: 'store_locked' })
  await first.complete()
  expect(old.left).toBe(1)
})

test('one that is stopping is waited for, and one that never ends is named', async () => {
  const refusal = (): AppError => new AppError('shutting_down', 'the gateway stops')
  const old = await Old.open({ refusal })
  const taking = heir().take(base)
  await new Promise((resolve) => setTimeout(resolve, 150))
  await old[Symbol.asyncDispose]()
  await using _hold = await taking
})

test('what is no wish is refused, and what is no message ends the line', async () => {
  await using old = await Old.open()
  const ask = (wish: string): ReturnType<typeof openLine> =>
    openLine({
      path: socketPathOf(base),
      url: HANDOVER_PATH,
      protocol: HANDOVER_PROTOCOL,
      headers: { [WISH_HEADER]: wish },
      signal: AbortSignal.timeout(5_000),
    })
  await expect(ask('no JSON')).rejects.toMatchObject({ code: 'usage' })
  await expect(ask('{"pid":"1"}')).rejects.toMatchObject({ code: 'usage' })
  const line = await ask(JSON.stringify({ pid: 1, version: '2', data: DATA }))
  line.on('error', () => undefined).resume()
  const closed = new Promise((resolve) => line.once('close', resolve))
  line.write('{"type":"leave at once"}\n')
  await closed
  await vi.waitFor(() => expect(existsSync(socketPathOf(base))).toBe(true))
  expect(old.left).toBe(0)
})
