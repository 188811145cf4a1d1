import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CellReport, runCell } from './cell.ts'
import { fdCount } from './census.ts'
import { type Form, FORMS } from './hostile/wire.ts'
import { startWorld, type World } from './world.ts'

const EFFORT = { calls: 60, rampMs: 150, marginMs: 3_000 }
const FDS_MORE_MAX = 40
/** A server that fails to start is left alone for up to 30 s, which a machine with other work may bring about. */
const CELL_MS_MAX = 90_000

/** The worst of each kind, over each transport; `npm run chaos` has them all, and judges speed. */
const FAULTS: Readonly<Record<Form, readonly string[]>> = {
  stdio: ['kill-9', 'leak-hydra', 'stubborn', 'stderr-flood', 'half-json', 'hundred-mb'],
  http: ['exit-7', 'reset-in-head', 'smuggled', 'twice', 'stalled-body', 'refusing'],
  sse: ['kill-9', 'other-id', 'stream-cut-in-event', 'post-reset', 'drip'],
}

let world: World
let fds = 0
beforeAll(async () => {
  world = await startWorld({ deadlineMs: 1_500, principals: 2, eras: ['legacy', 'modern'] })
  for (const form of FORMS) await runCell(world, cellOf(form, 'ok', 0), EFFORT)
  fds = await fdCount(world.gateway.pid)
})
afterAll(() => world[Symbol.asyncDispose]())

function cellOf(form: Form, fault: string, at: number): CellReport['cell'] {
  return { form, era: form === 'sse' || at % 2 === 0 ? 'legacy' : 'modern', fault }
}

const CELLS = FORMS.flatMap((form) => FAULTS[form].map((fault, at) => [form, fault, at] as const))

test.each(CELLS)(
  'calls over %s, some to a server that does %s, are all answered in time, and it serves again with nothing left behind [reliability/answered] [reliability/orphans]',
  { timeout: CELL_MS_MAX },
  async (form, fault, at) => {
    const report = await runCell(world, cellOf(form, fault, at), EFFORT)
    expect(report.problems).toEqual([])
    // Otherwise nothing was put to the test.
    expect(report.results + sumOf(report.errors)).toBe(EFFORT.calls)
  },
)

test('after all that the gateway holds no more open, and ends as it should, alone [reliability/files]', async () => {
  expect(await fdCount(world.gateway.pid)).toBeLessThan(fds + FDS_MORE_MAX)
  await world.stdio[Symbol.asyncDispose]()
  expect(await world.gateway.stop()).toBe(0)
  expect(await world.gateway.children()).toEqual([])
})

function sumOf(errors: Readonly<Record<string, number>>): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0)
}
