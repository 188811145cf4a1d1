import { z } from 'zod'
import { type Deployment, fact } from '../deployment.ts'
import { composeFacts, type ComposeProject } from './compose.ts'
import { runCommand } from './run-command.ts'

const CONTAINERS_MAX = 200

/** One line of `docker compose ps --format json`. */
const listed = z.object({
  ID: z.string(),
  Name: z.string(),
  Service: z.string(),
  State: z.string(),
  Health: z.string().default(''),
  ExitCode: z.number().default(0),
})

/** What of `docker inspect` is looked at. */
const inspected = z.object({
  Id: z.string(),
  RestartCount: z.number().default(0),
  State: z.object({ OOMKilled: z.boolean().default(false), StartedAt: z.string().default('') }),
  Config: z.object({ User: z.string().default('') }),
})

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

export const NO_DOCKER: MissingDocker = {
  text: 'the command `docker` is not on the PATH',
  remedy: 'run the check where `docker` is installed',
}

/**
 * The containers of every compose project, by `docker compose ps` and `docker inspect`.
 *
 * @throws {AppError} `deadline_exceeded`; the signal's own reason
 */
export const liveContainers = fact(async (deployment, signal): Promise<LiveContainers> => {
  const { projects } = await composeFacts(deployment, signal)
  const all: LiveContainer[] = []
  for (const project of projects) {
    const result = await runCommand(
      deployment,
      'docker',
      ['compose', ...projectArguments(project), 'ps', '--all', '--format', 'json'],
      signal,
    )
    if (result === undefined) return { missing: NO_DOCKER }
    if (result.code !== 0) return { missing: refused(result.stderr) }
    const rows = rowsOf(result.stdout)
    if (rows === undefined) return { missing: UNKNOWN_FORM }
    const found = await withDetails(deployment, project, rows.slice(0, CONTAINERS_MAX), signal)
    if (found === undefined) return { missing: UNKNOWN_FORM }
    all.push(...found)
  }
  return { containers: all }
})

/** Names a project to `docker compose`. */
export function projectArguments({ files, folder }: ComposeProject): string[] {
  return ['--project-directory', folder, ...files.flatMap((file) => ['--file', file])]
}

const UNKNOWN_FORM: MissingDocker = {
  text: '`docker compose ps` answers in a form that is not known',
  remedy: 'update docker compose',
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
    text: '`docker compose ps` failed',
    remedy: 'run `docker compose ps` and mend what it names',
  }
}

/** One object a line since 2.21, one list before. */
function rowsOf(stdout: string): z.output<typeof listed>[] | undefined {
  try {
    const text = stdout.trim()
    const values: unknown = text.startsWith('[')
      ? JSON.parse(text)
      : text.split('\n').flatMap((line): unknown[] => (line.trim() ? [JSON.parse(line)] : []))
    return z.array(listed).parse(values)
  } catch {
    return undefined // told by the caller as a form that is not known
  }
}

async function withDetails(
  deployment: Deployment,
  { name: project }: ComposeProject,
  rows: readonly z.output<typeof listed>[],
  signal: AbortSignal,
): Promise<LiveContainer[] | undefined> {
  if (rows.length === 0) return []
  const ids = rows.map(({ ID }) => ID)
  const result = await runCommand(
    deployment,
    'docker',
    ['inspect', '--type', 'container', ...ids],
    signal,
  )
  // A container that was removed meanwhile makes the code 1; the others are told of nevertheless.
  const details = detailsOf(result?.stdout ?? '')
  if (details.length === 0) return undefined
  return rows.flatMap((row): LiveContainer[] => {
    const detail = details.find(({ Id }) => Id.startsWith(row.ID) || row.ID.startsWith(Id))
    if (detail === undefined) return []
    return [
      {
        ...{ id: row.ID, name: row.Name, service: row.Service, project },
        ...{ state: row.State, health: row.Health, exitCode: row.ExitCode },
        restarts: detail.RestartCount,
        outOfMemory: detail.State.OOMKilled,
        startedAt: detail.State.StartedAt,
        user: detail.Config.User,
      },
    ]
  })
}

function detailsOf(stdout: string): z.output<typeof inspected>[] {
  try {
    return z.array(inspected).parse(JSON.parse(stdout))
  } catch {
    return [] // told by the caller as a form that is not known
  }
}
