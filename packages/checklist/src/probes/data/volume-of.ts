import type { Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts, type ComposeMount, type ComposeService } from '../../looks/compose.ts'
import { kindOfMount, mountOf } from '../../looks/mount-of.ts'
import { mountText } from './store-place.ts'

/** Where a container keeps its data: `fault` where that goes with it. */
export interface DataVolume {
  readonly fault: Seen | undefined
  readonly seen: Seen
  /** Absolute path on this machine, where it is a bind. */
  readonly folder: string | undefined
}

/**
 * What is mounted at or above the folder of a service's data.
 *
 * @throws {Error} of the file system
 */
export async function volumeOf(
  service: ComposeService,
  target: string,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<DataVolume> {
  const mount = service.mounts
    .filter((one) => isAt(one, target))
    .toSorted((one, other) => other.target.length - one.target.length)[0]
  if (mount === undefined) {
    return wrong(`${service.at('volumes')} mounts no volume at ${target}: its data go with it`)
  }
  if (mount.type === 'tmpfs') return wrong(`${mount.at} keeps ${target} in memory`)
  if (mount.source === undefined) {
    return wrong(
      `${mount.at} has a volume without a name at ${target}: a new container does not find it`,
    )
  }
  if (mount.type === 'bind') {
    const found = await mountOf(mount.source)
    const text = `${mount.at} keeps ${target} at ${mount.source}, ${mountText(found)}`
    const kind = kindOfMount(found)
    return kind === 'memory' || kind === 'layer' ? wrong(text) : right(text, mount.source)
  }
  const { projects } = await composeFacts(deployment, signal)
  const volume = projects.find(({ name }) => name === service.project)?.volumes.get(mount.source)
  const text = `${mount.at} keeps ${target} in the volume ${mount.source}`
  return volume?.type === 'tmpfs' ? wrong(`${text}, which is memory`) : right(text, undefined)
}

/** Images keep data in the folder itself or one below it. */
function isAt({ target }: ComposeMount, wanted: string): boolean {
  const bare = target.replace(/\/$/, '')
  return bare === wanted || wanted.startsWith(`${bare}/`) || bare.startsWith(`${wanted}/`)
}

function wrong(text: string): DataVolume {
  return { fault: { kind: 'file', text }, seen: { kind: 'file', text }, folder: undefined }
}

function right(text: string, folder: string | undefined): DataVolume {
  return { fault: undefined, seen: { kind: 'file', text }, folder }
}
