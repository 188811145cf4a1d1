import type { DrillRun, Figure } from '@sallyport/contract/checklist'
import { printable } from '@sallyport/kit/log'

const STEPS_MAX = 50
const CHARACTERS_MAX = 2_000

/** What a drill tells while it runs. */
export class DrillReport {
  readonly #steps: string[] = []
  readonly #figures: Figure[] = []
  readonly #onStep: ((text: string) => void) | undefined
  readonly #clean: (text: string) => string
  #ok = true

  /** @param clean takes secrets out; @param onStep told each step */
  constructor(clean: (text: string) => string, onStep?: (text: string) => void) {
    this.#clean = clean
    this.#onStep = onStep
  }

  /** Something was done and seen as it should be. */
  step(text: string): void {
    const shown = printable(this.#clean(text), CHARACTERS_MAX)
    if (this.#steps.length < STEPS_MAX) this.#steps.push(shown)
    this.#onStep?.(shown)
  }

  /** Something was seen that fails the drill; how to mend it belongs to the sentence. */
  fault(text: string): void {
    this.#ok = false
    this.step(`FAILED: ${text}`)
  }

  /** A measured figure; values are rounded. */
  figure(name: string, value: number, unit: Figure['unit']): void {
    if (this.#figures.length >= STEPS_MAX) return
    this.#figures.push({ name: name.slice(0, 64), value: Math.round(value), unit })
  }

  /** A measured time; one above the objective fails the drill. @param objectiveMs `objectives.rto`, where it is set */
  time(name: string, tookMs: number, objectiveMs: number | undefined): void {
    this.figure(name, tookMs, 'ms')
    if (objectiveMs === undefined || tookMs <= objectiveMs) return
    const text = `${name} took ${Math.round(tookMs)} ms, more than the ${objectiveMs} ms of \`checklist.objectives.rto\``
    this.fault(text)
  }

  /** @param startedMs @param endedMs wall clock, milliseconds since 1970 */
  finish(drill: string, startedMs: number, endedMs: number): DrillRun {
    return {
      drill,
      ok: this.#ok,
      steps: [...this.#steps],
      figures: [...this.#figures],
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(endedMs).toISOString(),
    }
  }
}
