import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  failed,
  type Finding,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts, type ComposeService } from '../../looks/compose.ts'
import { shownPath } from '../../looks/files.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'
import { readScan, type ScanResult } from '../../looks/scan-result.ts'
import { someOf } from '../needs.ts'

const BYTES_MAX = 32 * 1024 ** 2
const DAY_MS = 86_400_000
const SCAN =
  'scan again, such as with `trivy image --format json`, and name the result in `checklist.scans`'

interface Scan extends ScanResult {
  /** As it is shown. */
  readonly name: string
  readonly atMs: number
}

/** What runs was looked at for known vulnerabilities, not long ago, and nothing grave was found. */
export const supplyScan: Probe = {
  kind: 'probe',
  title:
    'A scan of what runs, no older than `checklist.scannedWithin`, found nothing high or critical',
  remedy: SCAN,
  look: async (deployment, signal) => {
    const { scans: paths = [] } = deployment.settings
    if (paths.length === 0)
      return unproved('file', '`checklist.scans` names no result of a scanner')
    const scans: Scan[] = []
    for (const path of paths) {
      const scan = await readOne(deployment, resolve(deployment.folder, path), signal)
      if (typeof scan === 'string') return unproved('file', scan)
      scans.push(scan)
    }
    const { services } = await composeFacts(deployment, signal)
    return judge(deployment, scans, services)
  },
}

async function readOne(
  deployment: Deployment,
  path: string,
  signal: AbortSignal,
): Promise<Scan | string> {
  const name = shownPath(deployment, path)
  const { text, missing } = await readText(path, signal, { bytesMax: BYTES_MAX })
  if (missing !== undefined) return `${name} ${MISSING_TEXT[missing]}`
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return `${name} is not JSON` // the fault would quote the file
  }
  const scan = readScan(json)
  if (scan === undefined)
    return `${name} is no result that is understood: SARIF, or JSON of Trivy, Grype or npm audit`
  const said = scan.at === undefined ? Number.NaN : Date.parse(scan.at)
  const atMs = Number.isNaN(said) ? (await stat(path)).mtimeMs : said
  return { ...scan, name, atMs }
}

function judge(
  { settings, clock }: Deployment,
  scans: readonly Scan[],
  services: readonly ComposeService[],
): Finding {
  const faults = scans.flatMap(({ name, grave }): Seen[] => {
    const text = `${name} holds ${grave.length} high or critical: ${someOf(grave)}`
    return grave.length > 0 ? [{ kind: 'file', text }] : []
  })
  if (faults.length > 0) {
    return failed(
      faults,
      'update what it names, or accept it in the scanner with a reason, then scan again',
    )
  }
  const others = scans.flatMap((scan) => otherImage(scan, services))
  if (others.length > 0) return failed(others, SCAN)
  const ages = scans.map((scan) => ({ ...scan, age: clock.nowMs() - scan.atMs }))
  const stale = ages.filter(({ age }) => age > settings.scannedWithinMs)
  if (stale.length > 0) {
    const old = stale.map(({ name, age }) => `${name} is ${days(age)} old`)
    return unproved('file', old.join(', '))
  }
  const covered = new Set(
    scans.flatMap(({ image }) => (image === undefined ? [] : [repositoryOf(image)])),
  )
  const images = [...new Set(services.flatMap(({ image }) => image ?? []))]
  const missed = images.filter((image) => !covered.has(repositoryOf(image)))
  if (missed.length > 0) {
    return unproved('file', `no result in \`checklist.scans\` is of ${someOf(missed)}`)
  }
  return proved(
    ...ages.map(({ name, tool, age }): Seen => {
      return {
        kind: 'file',
        text: `${name} (${tool}, ${days(age)} old) holds nothing high or critical`,
      }
    }),
  )
}

/** That a scan is of another version than what runs. */
function otherImage({ name, image, digests }: Scan, services: readonly ComposeService[]): Seen[] {
  if (image === undefined) return []
  return services.flatMap((service): Seen[] => {
    if (service.image === undefined || repositoryOf(service.image) !== repositoryOf(image))
      return []
    const digest = /sha256:[0-9a-f]{64}$/.exec(service.image)?.[0]
    const isSame =
      digest === undefined ? tagOf(service.image) === tagOf(image) : digests.includes(digest)
    const text = `${name} is of ${image}, and ${service.name} (${service.at('image')}) runs ${service.image}`
    return isSame ? [] : [{ kind: 'file', text }]
  })
}

/** `ghcr.io/owner/name` of an image, without tag and digest. */
export function repositoryOf(image: string): string {
  return image
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .replace(/^docker\.io\//, '')
    .replace(/^library\//, '')
}

function tagOf(image: string): string {
  return /[^/]:([^/:@]+)(?:@.*)?$/.exec(image)?.[1] ?? 'latest'
}

function days(ms: number): string {
  const count = Math.max(0, Math.floor(ms / DAY_MS))
  return count === 1 ? '1 day' : `${count} days`
}
