import type { Baseline } from '@sallyport/contract/checklist'
import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { type FigureName, type Figures, readFigures } from '../../performance/figures.ts'
import { noGateway } from './performance.ts'

const ACCEPT = 'accept how it does now with `sallyport check --accept-baseline`'
const WORSE = 1.5
/**
 * Growth that is noise, whatever part of the figure it is; in its unit. Health is told within a millisecond, and
 * while it is measured other looks of the check are under way.
 */
const NOISE: Readonly<Record<FigureName, number>> = {
  'health p95': 25,
  'call p95': 5,
  memory: 64 * 1024 ** 2,
  cpu: 10,
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
  const noise = NOISE[name as FigureName] // undefined where this version does not measure it
  if (figure === undefined || noise === undefined) {
    const why = missing.get(name) ?? 'this version does not measure it'
    return {
      verdict: 'unknown',
      seen: { kind: 'metric', text: `${name} cannot be compared: ${why}` },
    }
  }
  const isWorse = figure.value > value * WORSE && figure.value - value > noise
  const text = `${name} is ${figure.value} ${unit}, and was ${value} ${unit} when it was accepted at ${at}`
  return { verdict: isWorse ? 'worse' : 'fine', seen: { kind: 'metric', text } }
}
