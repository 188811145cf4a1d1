import {
  type Probe,
  type Seen,
  failed,
  notApplicable,
  proved,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { builtImages } from '../../looks/built-images.ts'
import { composeFacts, gapText } from '../../looks/compose.ts'
import { runServers } from '../../looks/container-servers.ts'

const DEADLINE_MS = 5_000
const REGISTRIES_MAX = 10
const DOCKER_HUB = 'registry-1.docker.io'

/** Asks over HTTP; `fetch`, but in tests. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The registries that images come from answer from here. */
export function registry(fetchIt: Fetch = fetch): Probe {
  return {
    kind: 'probe',
    title: 'The registries of the images can be reached',
    remedy: 'let this host reach the registry that is named over HTTPS',
    deadlineMs: 20_000,
    async look(deployment, signal) {
      const hosts = await registries(deployment, signal)
      if (hosts.length === 0) {
        const { gaps } = await composeFacts(deployment, signal)
        if (gaps.length > 0) return unproved('file', gapText(gaps), 'mend the compose file')
        return notApplicable('no image here is pulled from a registry')
      }
      const answers = await Promise.all(hosts.map((host) => ask(host, fetchIt, signal)))
      const faults = answers.filter(({ isGood }) => !isGood).map(({ seen }) => seen)
      return faults.length > 0 ? failed(faults) : proved(...answers.map(({ seen }) => seen))
    },
  }
}

/** Hosts of the images of services, and of those that others are built from. */
async function registries(deployment: Deployment, signal: AbortSignal): Promise<string[]> {
  const { services } = await composeFacts(deployment, signal)
  const built = await builtImages(deployment, signal)
  const servers = (await runServers(deployment, signal)).services
  const images = [...services, ...servers].flatMap((service) => [
    ...(service.image === undefined || service.build !== undefined ? [] : [service.image]),
    ...(built.get(service)?.dockerfile?.bases.map(({ image }) => image) ?? []),
  ])
  return [...new Set(images.map(registryOf))].slice(0, REGISTRIES_MAX)
}

/** Source: distribution reference grammar, "domain". */
function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost && first !== 'docker.io' ? first : DOCKER_HUB
}

async function ask(
  host: string,
  fetchIt: Fetch,
  run: AbortSignal,
): Promise<{ isGood: boolean; seen: Seen }> {
  // Docker speaks plain HTTP to registries of this host alone.
  const scheme = /^(?:localhost|127\.)/.test(host) ? 'http' : 'https'
  const url = `${scheme}://${host}/v2/`
  const signal = AbortSignal.any([run, AbortSignal.timeout(DEADLINE_MS)])
  try {
    const { status, body } = await fetchIt(url, { signal, redirect: 'manual' })
    await body?.cancel()
    // 401 asks for a login, which is a registry's answer to whoever has none.
    const isGood = status === 200 || status === 401
    const text = isGood
      ? `${url} answers ${status}`
      : `${url} answers ${status}, which is no registry's`
    return { isGood, seen: { kind: 'http', text } }
  } catch (thrown) {
    run.throwIfAborted()
    const { cause, message } = thrown as Error // fetch throws errors alone
    const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? message // where the network failed
    return { isGood: false, seen: { kind: 'http', text: `${url} cannot be reached: ${code}` } }
  }
}
