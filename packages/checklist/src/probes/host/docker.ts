import { z } from 'zod'
import {
  type Finding,
  failed,
  notApplicable,
  type Probe,
  proved,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../../looks/compose.ts'
import { containerServers } from '../../looks/container-servers.ts'
import { NO_DOCKER, refused } from '../../looks/live-containers.ts'
import { runCommand } from '../../looks/run-command.ts'

const DOCKER_MIN = [20, 10] as const
const COMPOSE_MIN = [2, 0] as const

const versions = z.object({ Server: z.object({ Version: z.string() }).nullish() })

/** Whether anything of a deployment runs in containers on this host. */
export async function runsContainers(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<boolean> {
  if (deployment.profile === 'compose' || containerServers(deployment).length > 0) return true
  return (await composeFacts(deployment, signal)).files.length > 0
}

/** What is said where nothing runs in containers here; undefined where something does. */
async function without(deployment: Deployment, signal: AbortSignal): Promise<Finding | undefined> {
  if (await runsContainers(deployment, signal)) return undefined
  return notApplicable(
    deployment.profile === 'kubernetes'
      ? 'containers are run by Kubernetes, not by docker on this host'
      : 'nothing here runs in containers: there is no compose file',
  )
}

/** The docker daemon answers and is recent enough. */
export const docker: Probe = {
  kind: 'probe',
  title: 'Docker 20.10 or newer is installed and runs',
  remedy: 'update docker to 20.10 or newer',
  async look(deployment, signal) {
    const none = await without(deployment, signal)
    if (none !== undefined) return none
    const result = await runCommand(
      deployment,
      'docker',
      ['version', '--format', '{{json .}}'],
      signal,
    )
    if (result === undefined) return unproved('command', NO_DOCKER.text, NO_DOCKER.remedy)
    const version = parsed(result.stdout)?.Server?.Version
    if (version === undefined) {
      const { text, remedy } = refused(result.stderr)
      return unproved('command', text, remedy)
    }
    return judgedVersion('docker', version, DOCKER_MIN)
  },
}

/** Docker compose is there and recent enough. */
export const compose: Probe = {
  kind: 'probe',
  title: 'Docker Compose 2.0 or newer is installed',
  remedy: 'install the compose plugin of docker, 2.0 or newer',
  async look(deployment, signal) {
    const none = await without(deployment, signal)
    if (none !== undefined) return none
    const result = await runCommand(deployment, 'docker', ['compose', 'version', '--short'], signal)
    if (result?.code === 0)
      return judgedVersion('docker compose', result.stdout.trim(), COMPOSE_MIN)
    const old = await runCommand(deployment, 'docker-compose', ['version', '--short'], signal)
    if (old?.code === 0) return judgedVersion('docker-compose', old.stdout.trim(), COMPOSE_MIN)
    if (result === undefined) return unproved('command', NO_DOCKER.text, NO_DOCKER.remedy)
    return unproved('command', '`docker compose` is not installed')
  },
}

function parsed(text: string): z.output<typeof versions> | undefined {
  try {
    return versions.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // no version, as where there is no answer
  }
}

function judgedVersion(name: string, version: string, min: readonly [number, number]): Finding {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined || minor === undefined) {
    return unproved('command', `the version of ${name} is not understood: ${version.slice(0, 40)}`)
  }
  const isEnough = Number(major) > min[0] || (Number(major) === min[0] && Number(minor) >= min[1])
  const seen = { kind: 'command' as const, text: `${name} is ${version}` }
  return isEnough
    ? proved(seen)
    : failed([{ ...seen, text: `${seen.text}, older than ${min.join('.')}` }])
}
