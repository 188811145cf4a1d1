import type { Baseline, Figure } from '@sallyport/contract/checklist'
import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { type Figures, readFigures } from '../../performance/figures.ts'
import { noGateway } from './performance.ts'

const ACCEPT = 'accept how it does now with `sallyport check --accept-baseline`'
const WORSE = 1.5
/** Below that a figure has not got worse, whatever part of itself it grew by: that is noise. */
const NOISE: Readonly<Record<Figure['unit'], number>> = {
  ms: 5,
  bytes: 64 * 1024 ** 2,
  percent: 10,
  calls: 10,
  'calls/s': 10,
  processes: 2,
}

/** `performance/baseline` */
export const performanceBaseline: Probe = {
  kind: 'probe',
  title: 'No figure is worse than its accepted baseline by more than half',
  remedy: `find what changed since, or ${ACCEPT}`,
  deadlineMs: 20_000,
  async look(deployment, signal) {
    const { book, gateway } = deployment
    if (book === undefined)
      return unproved('database', 'no store is there that could hold baselines')
    const baselines = await book.baselines()
    if (baselines.length === 0) return unproved('database', 'no baseline was accepted yet', ACCEPT)
    if (gateway === undefined) return noGateway()
    const figures = await readFigures(deployment, signal)
    const compared = baselines.map((baseline) => compare(baseline, figures))
    const worse = compared.filter(({ verdict }) => verdict === 'worse')
    if (worse.length > 0) return failed(worse.map(({ seen }) => seen))
    const unknown = compared.filter(({ verdict }) => verdict === 'unknown')
    if (unknown.length === 0) return proved(...compared.map(({ seen }) => seen))
    const remedy = 'check again when there is enough to measure'
    return { state: 'unproved', evidence: unknown.map(({ seen }) => seen), remedy }
  },
}

function compare(
  { name, value, unit, at }: Baseline,
  { figures, missing }: Figures,
): { readonly verdict: 'worse' | 'fine' | 'unknown'; readonly seen: Seen } {
  const figure = figures.find((each) => each.name === name && each.unit === unit)
  if (figure === undefined) {
    const why = missing.get(name) ?? 'this version does not measure it'
    return {
      verdict: 'unknown',
      seen: { kind: 'metric', text: `${name} cannot be compared: ${why}` },
    }
  }
  const isWorse = figure.value > value * WORSE && figure.value - value > NOISE[unit]
  const text = `${name} is ${figure.value} ${unit}, and was ${value} ${unit} when it was accepted at ${at}`
  return { verdict: isWorse ? 'worse' : 'fine', seen: { kind: 'metric', text } }
}
