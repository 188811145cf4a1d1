import { join } from 'node:path'
import type { Probe, Seen } from '../../answers/answer.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'
import { seen, stackProbe } from './stack.ts'
import { z } from 'zod'
import { parsedJson } from '../../looks/parsed-text.ts'

const daemonFile = z.object({
  'log-driver': z.string().optional(),
  'log-opts': z.record(z.string(), z.string()).optional(),
})

interface Driver {
  readonly name: string
  readonly options: ReadonlyMap<string, string>
}

/** Rotate by themselves. */
const OWN = new Set(['local', 'journald'])
/** Grow without end unless told otherwise. */
const FILES = new Set(['json-file'])

/**
 * Logs of containers are rotated: by the service's `logging`, else by the daemon's own settings.
 *
 * @param root `/`, but in tests
 */
export function logRotation(root: string): Probe {
  return stackProbe({
    title: 'Logs of every container are rotated',
    remedy: 'set `logging: { driver: local }`, or `max-size` and `max-file` of `json-file`, there',
    async judge({ services, signal }) {
      const daemon = await daemonDriver(root, signal)
      const judged = services.map((service) => ({ service, ...driverOf(service, daemon) }))
      const found = judged.flatMap(({ service, at, driver }): { isOpen: boolean; seen: Seen }[] => {
        const fault = faultOf(driver)
        if (fault === undefined) return []
        // What the file of the daemon says may be just what is missing.
        const isOpen = daemon.unread !== undefined && driver.name === daemon.name
        const text = isOpen ? `${fault}, unless the daemon does: its file ${daemon.unread}` : fault
        return [{ isOpen, seen: seen(at, service, text) }]
      })
      return {
        faults: found.filter(({ isOpen }) => !isOpen).map((one) => one.seen),
        unknowns: found.filter(({ isOpen }) => isOpen).map((one) => one.seen),
        seen: judged.map(({ service, at, driver }) => seen(at, service, `logs by ${driver.name}`)),
      }
    },
  })
}

interface Daemon extends Driver {
  /** Why its file is not known, as the end of a sentence; undefined where it is, or is not there. */
  readonly unread: string | undefined
}

async function daemonDriver(root: string, signal: AbortSignal): Promise<Daemon> {
  const { text, missing } = await readText(join(root, 'etc/docker/daemon.json'), signal)
  const said = text === undefined ? undefined : daemonFile.safeParse(parsedJson(text)).data
  return {
    name: said?.['log-driver'] ?? 'json-file',
    options: new Map(Object.entries(said?.['log-opts'] ?? {})),
    unread: missing === undefined || missing === 'absent' ? undefined : MISSING_TEXT[missing],
  }
}

function driverOf(service: ComposeService, daemon: Daemon): { at: string; driver: Driver } {
  const { logging } = service
  const at = service.at('logging')
  // Options of the daemon hold for its own driver alone.
  if (logging?.driver === undefined || logging.driver === daemon.name) {
    const options = new Map([...daemon.options, ...(logging?.options ?? [])])
    return { at, driver: { name: daemon.name, options } }
  }
  return { at, driver: { name: logging.driver, options: logging.options } }
}

function faultOf({ name, options }: Driver): string | undefined {
  if (name === 'none') return 'keeps no log: its `logging.driver` is `none`'
  if (OWN.has(name) || !FILES.has(name)) return undefined
  const missing = ['max-size', 'max-file'].filter((option) => !options.has(option))
  if (missing.length === 0) return undefined
  return `logs by ${name} without ${missing.map((one) => `\`${one}\``).join(' and ')}: its log grows without end`
}
