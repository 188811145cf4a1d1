import { z } from 'zod'
import { type Deployment, fact } from '../deployment.ts'
import { composeFacts } from './compose.ts'
import { runCommand } from './run-command.ts'

const CONTAINERS_MAX = 200

/** What of `docker inspect` is looked at. */
const inspected = z.object({
  Id: z.string(),
  Name: z.string(),
  RestartCount: z.number().default(0),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number().default(0),
    OOMKilled: z.boolean().default(false),
    StartedAt: z.string().default(''),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({
    User: z.string().default(''),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
  NetworkSettings: z
    .object({
      Networks: z.record(z.string(), z.object({ IPAddress: z.string().nullish() })).nullish(),
    })
    .nullish(),
})

const LABEL = 'com.docker.compose'

/** A container of the deployment, as docker tells of it. */
export interface LiveContainer {
  readonly id: string
  readonly name: string
  readonly service: string
  /** Name of the project that it is of. */
  readonly project: string
  /** `running`, `exited`, `restarting`, `created`, `paused`, `dead`. */
  readonly state: string
  /** `healthy`, `unhealthy`, `starting`; empty where nothing checks it. */
  readonly health: string
  readonly exitCode: number
  readonly restarts: number
  /** Whether it was ended for taking too much memory. */
  readonly outOfMemory: boolean
  readonly startedAt: string
  /** User of its first process; empty for root. */
  readonly user: string
  /** In its networks, which this machine reaches where docker runs on it. */
  readonly addresses: readonly string[]
}

/** The containers of a deployment, or why they cannot be seen. */
export type LiveContainers =
  | { readonly containers: readonly LiveContainer[]; readonly missing?: never }
  | { readonly containers?: never; readonly missing: MissingDocker }

/** Why docker cannot be asked, and how to change that. */
export interface MissingDocker {
  readonly text: string
  readonly remedy: string
}

/** What is said where there is no docker to ask. */
export const NO_DOCKER: MissingDocker = {
  text: 'the command `docker` is not on the PATH',
  remedy: 'run the check where `docker` is installed',
}

/**
 * The containers of every compose project, found by the labels that compose gives them: so neither the plugin nor
 * the variables of the files are needed.
 *
 * @throws {AppError} `deadline_exceeded`; the signal's own reason
 */
export const liveContainers = fact(async (deployment, signal): Promise<LiveContainers> => {
  const { projects } = await composeFacts(deployment, signal)
  const all: LiveContainer[] = []
  for (const { name } of projects) {
    const filter = [
      '--filter',
      `label=${LABEL}.project=${name}`,
      '--filter',
      `label=${LABEL}.oneoff=False`,
    ]
    const args = ['ps', '--all', '--no-trunc', ...filter, '--format', '{{.ID}}']
    const result = await runCommand(deployment, 'docker', args, signal)
    if (result === undefined) return { missing: NO_DOCKER }
    if (result.code !== 0) return { missing: refused(result.stderr) }
    const ids = result.stdout.split('\n').filter((line) => line !== '')
    if (ids.length === 0) continue
    if (ids.length > CONTAINERS_MAX) return { missing: TOO_MANY }
    const details = await inspect(deployment, ids, signal)
    if (details === undefined) return { missing: UNKNOWN_FORM }
    all.push(...details.map((detail) => toContainer(detail, name)))
  }
  return { containers: all }
})

const TOO_MANY: MissingDocker = {
  text: `a project has more than ${CONTAINERS_MAX} containers, which are too many to look at`,
  remedy: 'remove those that are not used: `docker container prune`',
}

const UNKNOWN_FORM: MissingDocker = {
  text: '`docker inspect` answers in a form that is not known',
  remedy: 'update docker',
}

/** Why docker refused, in our words: its own may quote the configuration. */
export function refused(stderr: string): MissingDocker {
  if (/permission denied/i.test(stderr)) {
    return {
      text: 'this user may not ask docker',
      remedy: 'run the check as root or as a member of the group `docker`',
    }
  }
  if (/cannot connect|is the docker daemon running|no such host|connection refused/i.test(stderr)) {
    return {
      text: 'the docker daemon does not answer',
      remedy: 'start docker, or set `DOCKER_HOST` to where it is',
    }
  }
  if (/unknown command|is not a docker command|unknown (?:shorthand )?flag/i.test(stderr)) {
    return {
      text: '`docker compose` is not installed',
      remedy: 'install the compose plugin of docker, 2.0 or newer',
    }
  }
  return {
    text: 'docker refuses to answer',
    remedy: 'run `docker ps` and mend what it names',
  }
}

/** A container that was removed meanwhile makes the code 1; the others are told of nevertheless. */
async function inspect(
  deployment: Deployment,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<z.output<typeof inspected>[] | undefined> {
  const args = ['inspect', '--type', 'container', ...ids]
  const result = await runCommand(deployment, 'docker', args, signal)
  try {
    return z.array(inspected).parse(JSON.parse(result?.stdout ?? ''))
  } catch {
    return undefined // told by the caller as a form that is not known
  }
}

function toContainer(detail: z.output<typeof inspected>, project: string): LiveContainer {
  const { Id, Name, State, Config, RestartCount, NetworkSettings } = detail
  const networks = Object.values(NetworkSettings?.Networks ?? {})
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    service: Config.Labels?.[`${LABEL}.service`] ?? '',
    project,
    state: State.Status,
    // Without a health check there is nothing, or the word `none`.
    health: State.Health?.Status.replace('none', '') ?? '',
    exitCode: State.ExitCode,
    restarts: RestartCount,
    outOfMemory: State.OOMKilled,
    startedAt: State.StartedAt,
    user: Config.User,
    addresses: networks.flatMap(({ IPAddress }) => IPAddress || []),
  }
}
