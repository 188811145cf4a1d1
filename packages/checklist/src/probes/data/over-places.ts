import {
  type Finding,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment, Fact } from '../../deployment.ts'
import type { DataPlace, DataPlaces } from '../../looks/data-places.ts'
import { withoutConfig } from '../../looks/embedded-store.ts'

/** Some addresses may have to be tried before one answers. */
const DEADLINE_MS = 40_000

/** Where something that answers an answer was found: several of them together. */
export interface PlaceProbe<Reading> extends Pick<Probe, 'title' | 'remedy' | 'deadlineMs'> {
  readonly places: Fact<DataPlaces>
  readonly read: Fact<readonly Reading[]>
  /** `PostgreSQL` */
  readonly product: string
  judge(reading: Reading, deployment: Deployment, signal: AbortSignal): Promise<Finding> | Finding
}

/** A probe of every PostgreSQL or Redis that the deployment names: the worst counts, all is told. */
export function placeProbe<Reading>(probe: PlaceProbe<Reading>): Probe {
  const { title, remedy, deadlineMs = DEADLINE_MS } = probe
  return {
    kind: 'probe',
    title,
    remedy,
    deadlineMs,
    look: async (deployment, signal) => {
      if (deployment.config === undefined) return withoutConfig()
      const { places, gaps } = await probe.places(deployment, signal)
      if (places.length === 0) return without(probe.product, gaps)
      const readings = await probe.read(deployment, signal)
      const found = await Promise.all(
        readings.map((reading) => probe.judge(reading, deployment, signal)),
      )
      return withGaps(worst(found), gaps)
    },
  }
}

/** What may be beside those that were found is not proved with them. */
function withGaps(found: Finding, gaps: readonly string[]): Finding {
  if (gaps.length === 0 || found.state === 'failed' || found.state === 'unproved') return found
  return beyond(gaps)
}

function without(product: string, gaps: readonly string[]): Finding {
  if (gaps.length === 0) return notApplicable(`nothing in this deployment uses ${product}`)
  return beyond(gaps)
}

function beyond(gaps: readonly string[]): Finding {
  return {
    state: 'unproved',
    evidence: gaps.map((text): Seen => ({ kind: 'file', text })),
    remedy: 'mend the compose file, so that all of it is seen',
  }
}

/** Several findings as one. */
export function worst(found: readonly Finding[]): Finding {
  const states = ['failed', 'unproved', 'proved', 'not_applicable'] as const
  const state = states.find((one) => found.some((finding) => finding.state === one))
  const counted = found.filter((finding) => finding.state === state)
  const remedy = counted.find((finding) => finding.remedy !== undefined)?.remedy
  return {
    state: state ?? 'unproved',
    evidence: counted.flatMap(({ evidence }) => [...evidence]),
    ...(remedy !== undefined && { remedy }),
  }
}

/** `store (db.example.com:5432/sallyport)` */
export function nameOf({ named, label }: DataPlace): string {
  return `${named} (${label})`
}

/** For what cannot be said of a place that does not answer. */
export function silent(place: DataPlace, text: string): Finding {
  const remedy =
    place.service === undefined
      ? 'run the check where it can be reached'
      : 'start its container, and run the check where docker answers'
  return unproved('database', `${nameOf(place)} ${text}`, remedy)
}
