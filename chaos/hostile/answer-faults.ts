import { setTimeout as sleep } from 'node:timers/promises'
import { stepBack } from './step-back.ts'
import { type Fault, FORMS, good, goodText, type Wire } from './wire.ts'

const PIECE = Buffer.alloc(64 * 1_024, 'x')
const MIB = 1_024 * 1_024

/** Answers that are none: each call gets its own. */
function wrong(body: (wire: Wire) => string | Buffer): Fault {
  return { forms: FORMS, per1000: 1_000, gets: 'error', strike: (wire) => wire.body(body(wire)) }
}

function changed(members: (wire: Wire) => object): Fault {
  return wrong((wire) => JSON.stringify({ ...good(wire), ...members(wire) }))
}

async function ofBytes(wire: Wire, bytes: number): Promise<void> {
  stepBack()
  const [head = '', tail = ''] = goodText(wire).split('ok ')
  await wire.part(`${head}ok `)
  for (let sent = 0; sent < bytes && !wire.gone; sent += PIECE.length) await wire.part(PIECE)
  await wire.part(tail)
  wire.end()
}

async function endless(wire: Wire): Promise<void> {
  stepBack()
  const untilMs = performance.now() + wire.order.deadlineMs
  await wire.part(goodText(wire).slice(0, 40))
  while (!wire.gone && performance.now() < untilMs) await wire.part(PIECE)
}

async function drip(wire: Wire): Promise<void> {
  const untilMs = performance.now() + wire.order.deadlineMs
  await wire.part(goodText(wire).slice(0, 20))
  while (!wire.gone && performance.now() < untilMs) {
    await wire.part('x')
    await sleep(50)
  }
}

async function dripWhole(wire: Wire): Promise<void> {
  const text = goodText(wire)
  const size = Math.ceil(text.length / 20)
  for (let at = 0; at < text.length; at += size) {
    await wire.part(text.slice(at, at + size))
    await sleep(25)
  }
  wire.end()
}

/** What is wrong with the answer itself, whatever carries it. */
export const ANSWER_FAULTS = {
  'not-json': wrong(() => 'Segmentation fault (core dumped)'),
  'half-json': wrong((wire) => goodText(wire).slice(0, 30)),
  'no-utf8': wrong((wire) => Buffer.from(goodText(wire).replace('ok', 'o\u00ff'), 'latin1')),
  empty: wrong(() => ''),
  array: wrong((wire) => `[${goodText(wire)}]`),
  'a-text': wrong((wire) => JSON.stringify(goodText(wire))),
  'other-id': changed(() => ({ id: 987_654_321 })),
  'id-as-text': changed(({ id }) => ({ id: String(id) })),
  'id-null': changed(() => ({ id: null })),
  'no-id': changed(() => ({ id: undefined })),
  'result-and-error': changed(() => ({ error: { code: -1, message: 'both' } })),
  neither: changed(() => ({ result: undefined })),
  'twice-named': wrong((wire) => goodText(wire).replace('"result":', '"result":{},"result":')),
  'too-deep': wrong(({ id }) => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
    return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"x":${deep}}}`
  }),
  'own-error': changed(() => ({ result: undefined, error: { code: -32603, message: 'no' } })),
  twice: {
    ...{ forms: FORMS, per1000: 1_000, gets: 'result' },
    strike: async (wire) => {
      await wire.event(good(wire))
      await wire.event(good({ ...wire, order: { ...wire.order, n: -1 } }))
      wire.end()
    },
  },
  hang: { forms: FORMS, per1000: 1_000, gets: 'error', strike: () => undefined },
  late: {
    ...{ forms: FORMS, per1000: 1_000, gets: 'error' },
    strike: async (wire) => {
      await sleep(wire.order.deadlineMs)
      wire.body(goodText(wire))
    },
  },
  'over-the-cap': {
    ...{ forms: FORMS, per1000: 8, gets: 'error' },
    strike: (wire) => ofBytes(wire, 11 * MIB),
  },
  'hundred-mb': {
    ...{ forms: FORMS, per1000: 2, gets: 'error' },
    strike: (wire) => ofBytes(wire, 100 * MIB),
  },
  endless: { forms: FORMS, per1000: 2, gets: 'error', strike: endless },
  drip: { forms: FORMS, per1000: 50, gets: 'error', strike: drip },
  'drip-whole': { forms: ['http'], per1000: 1_000, gets: 'result', strike: dripWhole },
} as const satisfies Readonly<Record<string, Fault>>
