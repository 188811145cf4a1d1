import type { Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type BuiltImage, builtImages } from '../../looks/built-images.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { type LiveContainer, liveContainers } from '../../looks/live-containers.ts'
import { runCommand } from '../../looks/run-command.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

const ROOT = /^(?:0|root)(?::|$)/

/**
 * Every service runs as an ordinary user: by `user`, by the last `USER` of its Dockerfile, or as docker tells of
 * its processes where an image changes over by itself.
 */
export const nonRoot = stackProbe({
  title: 'No container runs as root',
  withServers: true,
  remedy: 'set `user` at the services that are named, such as `user: "1000:1000"`',
  deadlineMs: 30_000,
  async judge(stack) {
    const built = await builtImages(stack.deployment, stack.signal)
    const known = stack.services.map((service) => ({ service, user: userOf(service, built) }))
    const faults: Seen[] = []
    const looked: Seen[] = []
    for (const { service, user } of known) {
      if (user === undefined) continue
      const at = service.user === undefined ? user.at : service.at('user')
      if (ROOT.test(user.name)) faults.push(seen(at, service, 'runs as root'))
      else looked.push(seen(at, service, `runs as ${user.name}`))
    }
    const rest = known.filter(({ user }) => user === undefined).map(({ service }) => service)
    const live = rest.length === 0 ? undefined : await judgedLive(rest, stack)
    return {
      faults: [...faults, ...(live?.faults ?? [])],
      unknowns: live?.unknowns ?? [],
      seen: [...looked, ...(live?.seen ?? [])],
      remedy: 'set `user`, or run the check where docker can be asked while the containers run',
    }
  },
})

function userOf(
  service: ComposeService,
  built: ReadonlyMap<ComposeService, BuiltImage>,
): { readonly name: string; readonly at: string } | undefined {
  if (service.user !== undefined) return { name: service.user, at: service.at('user') }
  const source = built.get(service)
  const user = source?.dockerfile?.last.findLast(({ name }) => name === 'USER')
  if (user === undefined || user.text.includes('$')) return undefined
  return { name: user.text, at: `${source?.file}:${user.line}` }
}

interface Rest {
  readonly faults: Seen[]
  readonly unknowns: Seen[]
  readonly seen: Seen[]
}

async function judgedLive(services: readonly ComposeService[], stack: Stack): Promise<Rest> {
  const rest: Rest = { faults: [], unknowns: [], seen: [] }
  const live = await liveContainers(stack.deployment, stack.signal)
  for (const service of services) {
    const own = (live.containers ?? []).filter(
      (one) =>
        one.service === service.name && one.project === service.project && one.state === 'running',
    )
    const imageUser = own.length === 0 ? await userOfImage(service, stack) : undefined
    if (imageUser !== undefined) {
      rest.seen.push(seen(service.at(), service, `runs as ${imageUser}, the user of its image`))
    } else if (own.length === 0) {
      const why = live.missing?.text ?? 'it has no container that runs'
      rest.unknowns.push(seen(service.at(), service, `names no \`user\`, and ${why}`))
    }
    for (const container of own) await judgeContainer(service, container, stack, rest)
  }
  return rest
}

/** The ordinary user that an image names; undefined where it names none or is not here. */
async function userOfImage(
  { image }: ComposeService,
  { deployment, signal }: Stack,
): Promise<string | undefined> {
  if (image === undefined) return undefined
  const args = ['image', 'inspect', '--format', '{{.Config.User}}', image]
  const result = await runCommand(deployment, 'docker', args, signal)
  const user = result?.code === 0 ? result.stdout.trim() : ''
  return user === '' || ROOT.test(user) ? undefined : user
}

async function judgeContainer(
  service: ComposeService,
  container: LiveContainer,
  { deployment, signal }: Stack,
  rest: Rest,
): Promise<void> {
  const at = `docker inspect ${container.name}`
  if (container.user !== '' && !ROOT.test(container.user)) {
    rest.seen.push(seen(at, service, `runs as ${container.user}`))
    return
  }
  const users = await processUsers(deployment, container, signal)
  const top = `docker top ${container.name}`
  if (users === undefined) {
    rest.unknowns.push(seen(top, service, 'names no `user`, and its processes cannot be seen'))
  } else if (users.some((user) => ROOT.test(user))) {
    rest.faults.push(seen(top, service, 'has processes that run as root'))
  } else {
    rest.seen.push(seen(top, service, `has processes of ${users.join(', ')} alone`))
  }
}

/** Numbers of the users whose processes are in a container. */
async function processUsers(
  deployment: Deployment,
  { id }: LiveContainer,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const result = await runCommand(deployment, 'docker', ['top', id, '-eo', 'uid,pid'], signal)
  if (result?.code !== 0) return undefined
  const rows = result.stdout.trim().split('\n').slice(1)
  const users = rows.flatMap((row) => /^\s*(\d+)\s/.exec(row)?.[1] ?? [])
  return users.length === 0 ? undefined : [...new Set(users)]
}
