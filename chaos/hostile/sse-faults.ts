import { host } from './host.ts'
import { type Fault, goodText, type Wire } from './wire.ts'

const OUTAGE_MS = 1_500

function sse(strike: (wire: Wire) => unknown, more: Partial<Fault> = {}): Fault {
  return { forms: ['sse'], per1000: 1_000, gets: 'error', ...more, strike }
}

const FEW = { per1000: 5 }

/**
 * What only the older transport can do wrong. `post-*` strike the POST that carried the call, which is held
 * open for them; others strike the one stream of all answers.
 */
export const SSE_FAULTS = {
  'post-500': sse(({ response }) => response?.writeHead(500).end('no')),
  'post-404': sse(({ response }) => response?.writeHead(404).end('no')),
  'post-reset': sse(({ response }) => response?.socket?.resetAndDestroy()),
  'post-silent': sse(() => undefined),
  'post-silent-answered': sse((wire) => wire.body(goodText(wire)), { gets: 'either' }),
  'stream-ended': sse(({ stream }) => stream?.end(), FEW),
  'stream-reset': sse(({ stream }) => stream?.socket?.resetAndDestroy(), FEW),
  'stream-cut-in-event': sse((wire) => {
    wire.stream?.write(`data: ${goodText(wire).slice(0, 30)}`)
    wire.stream?.socket?.end()
  }, FEW),
  'stream-noise': sse(({ stream }) => {
    stream?.write('data: {"jsonrpc":\n\ndata: nonsense\n\nnonsense\n\nid: \0\n\ndata: []\n\n')
  }),
  'endpoint-moved': sse(
    (wire) => {
      wire.stream?.write('event: endpoint\ndata: http://127.0.0.1:1/elsewhere\n\n')
      wire.body(goodText(wire))
    },
    { gets: 'either' },
  ),
  refusing: sse(() => host().refuse(OUTAGE_MS), FEW),
  'hanging-up': sse(() => host().hangUp(OUTAGE_MS), FEW),
} as const satisfies Readonly<Record<string, Fault>>
