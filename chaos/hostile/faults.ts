import { ANSWER_FAULTS } from './answer-faults.ts'
import { HTTP_FAULTS } from './http-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import { SSE_FAULTS } from './sse-faults.ts'
import { STREAM_FAULTS } from './stream-faults.ts'
import { type Fault, type Form, FORMS, goodText, type Wire } from './wire.ts'

/** No fault: what the others are measured against. */
export const OK: Fault = {
  ...{ forms: FORMS, per1000: 1_000, gets: 'result' },
  strike: (wire) => wire.body(goodText(wire)),
}

/** Every fault that can be done over a transport, by name, in the order in which they are tried. */
export function faultsOf(form: Form): ReadonlyMap<string, Fault> {
  const own: Readonly<Record<string, Fault>> =
    form === 'http' ? HTTP_FAULTS : form === 'sse' ? SSE_FAULTS : {}
  const all: [string, Fault][] = [
    ...Object.entries(ANSWER_FAULTS),
    ...Object.entries(STREAM_FAULTS),
    ...Object.entries(PROCESS_FAULTS),
    ...Object.entries(own),
  ]
  return new Map(all.filter(([, { forms }]) => forms.includes(form)))
}

/** Does what the call ordered, once its time has come. */
export function obey(wire: Wire): void {
  const { fault: name, strikeMs } = wire.order
  const fault = faultsOf(wire.form).get(name) ?? OK
  const strike = async (): Promise<void> => {
    // The peer may be gone in the middle of a strike, which is part of the game.
    await Promise.resolve(fault.strike(wire)).catch(() => undefined)
  }
  if (strikeMs === 0) void strike()
  else setTimeout(() => void strike(), strikeMs)
}
