import { stepBack } from './step-back.ts'
import { type Fault, FORMS, goodText, type Wire } from './wire.ts'

const FORM_QUESTION = {
  message: 'A colour?',
  requestedSchema: { type: 'object', properties: { colour: { type: 'string' } } },
}
const LONG = 'x'.repeat(10_000)

type Message = (wire: Wire, at: number) => object

/** So many messages, then a good answer. */
function flood(per1000: number, count: number, message: Message): Fault {
  const strike = async (wire: Wire): Promise<void> => {
    for (let at = 0; at < count && !wire.gone; at += 1) await wire.event(message(wire, at))
    await wire.event(JSON.parse(goodText(wire)) as object) // our own text
    wire.end()
  }
  return { forms: FORMS, per1000, gets: 'result', strike }
}

/** Messages until nobody reads or the deadline is over, and no answer. */
function endless(per1000: number, message: Message): Fault {
  const strike = async (wire: Wire): Promise<void> => {
    stepBack()
    const untilMs = performance.now() + wire.order.deadlineMs
    for (let at = 0; !wire.gone && performance.now() < untilMs; at += 1) {
      await wire.event(message(wire, at))
    }
  }
  return { forms: FORMS, per1000, gets: 'error', strike }
}

function notification(method: string, params: object = {}): object {
  return { jsonrpc: '2.0', method, params }
}

function question(wire: Wire, at: number): object {
  const id = `q-${process.pid}-${wire.order.n}-${at}`
  return { jsonrpc: '2.0', id, method: 'elicitation/create', params: FORM_QUESTION }
}

/** What comes beside the answer. */
export const STREAM_FAULTS = {
  'log-flood': flood(20, 100, () =>
    notification('notifications/message', { level: 'error', data: LONG }),
  ),
  'log-endless': endless(20, () =>
    notification('notifications/message', { level: 'error', data: 'again' }),
  ),
  'progress-flood': flood(50, 500, (_wire, at) =>
    notification('notifications/progress', { progressToken: `t-${at}`, progress: at }),
  ),
  'list-changed-flood': flood(10, 500, () => notification('notifications/tools/list_changed')),
  'cancel-flood': flood(20, 200, ({ id }, at) =>
    notification('notifications/cancelled', { requestId: at === 0 ? id : at }),
  ),
  'ping-flood': flood(20, 500, (wire, at) => ({
    ...{ jsonrpc: '2.0', id: `p-${wire.order.n}-${at}`, method: 'ping' },
  })),
  'unknown-request-flood': flood(20, 200, (wire, at) => ({
    ...{ jsonrpc: '2.0', id: `u-${wire.order.n}-${at}`, method: 'nobody/knows' },
  })),
  'questions-untaken': {
    ...{ forms: FORMS, per1000: 100, gets: 'error' },
    strike: async (wire) => {
      for (let at = 0; at < 20 && !wire.gone; at += 1) await wire.event(question(wire, at))
    },
  },
  'questions-endless': endless(5, question),
} as const satisfies Readonly<Record<string, Fault>>
