import {
  notApplicable,
  failed,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { z } from 'zod'
import { composeFacts } from '../../looks/compose.ts'
import { repositories } from '../../looks/git.ts'
import { NO_DOCKER, refused } from '../../looks/live-containers.ts'
import { runCommand } from '../../looks/run-command.ts'
import { repositoryOf } from './supply-scan.ts'

const DAY_MS = 86_400_000
const MONTH_DAYS = 31

const PINS = [
  ...[
    'package-lock.json',
    'npm-shrinkwrap.json',
    'pnpm-lock.yaml',
    'yarn.lock',
    'bun.lock',
    'uv.lock',
  ],
  ...['poetry.lock', 'Pipfile.lock', 'requirements*.txt', 'go.sum', 'Cargo.lock', 'Dockerfile*'],
  ...['compose*.y*ml', 'docker-compose*.y*ml', 'sallyport*.yaml'],
].map((name) => `:(glob)**/${name}`)

/** What others mended reaches this deployment. */
export const supplyDependencies: Probe = {
  kind: 'probe',
  title: 'Versions that are written down were changed within a month',
  remedy: 'update them, try it out, and commit; or attest that there was nothing to update',
  look: async (deployment, signal) => {
    const { found, fault } = await repositories(deployment, signal)
    if (fault !== undefined) return unproved('command', fault.text, fault.remedy)
    const [repository] = found
    if (repository === undefined) {
      return unproved(
        'command',
        'this deployment is not under git, so nothing tells when versions were changed',
      )
    }
    const line = await repository.run(
      ['log', '-1', '--format=%ct %h', '--', ...PINS],
      signal,
      [128],
    )
    const [seconds = '', commit] = line.trim().split(' ')
    if (commit === undefined) {
      return unproved(
        'command',
        'no lockfile, Dockerfile, compose file or configuration is committed',
      )
    }
    const age = Math.floor((deployment.clock.nowMs() - Number(seconds) * 1_000) / DAY_MS)
    const text = `files with versions were last changed in ${commit}, ${age} days ago`
    return age <= MONTH_DAYS ? proved({ kind: 'command', text }) : unproved('command', text)
  },
}

const listed = z.object({ Repository: z.string(), Tag: z.string(), ID: z.string() })

/** Images that others make, and that are gone back to in their own way. */
const OTHERS =
  /^(?:postgres|redis|valkey\/|nginx|caddy|traefik|prom\/|grafana\/|mysql|mariadb|mongo|busybox|alpine|quay\.io\/prometheus)/

/** There is something to go back to. */
export const supplyPreviousImage: Probe = {
  kind: 'probe',
  title: 'The image before the one that runs is still on this host',
  remedy:
    'pull the version before with `docker pull`, and keep it: prune with `--filter until=720h`',
  look: async (deployment, signal) => {
    const { services, projects } = await composeFacts(deployment, signal)
    if (services.length === 0 && deployment.profile === 'local') {
      return notApplicable('this deployment runs without containers')
    }
    const images = services.flatMap(({ image, build, name, project }) =>
      image === undefined && build !== undefined ? [`${project}-${name}`] : (image ?? []),
    )
    const own = [...new Set(images.map(repositoryOf))].filter((name) => !OTHERS.test(name))
    if (own.length === 0 && projects.length > 0) {
      return notApplicable(
        'the services of the compose files run only what others make, and no gateway or server',
      )
    }
    if (own.length === 0) {
      const remedy = 'name the compose files in `checklist.compose`'
      return unproved('file', 'no compose file shows which images run', remedy)
    }
    const args = ['image', 'ls', '--no-trunc', '--format', '{{json .}}']
    const result = await runCommand(deployment, 'docker', args, signal)
    if (result === undefined) return unproved('command', NO_DOCKER.text, NO_DOCKER.remedy)
    if (result.code !== 0) {
      const { text, remedy } = refused(result.stderr)
      return unproved('command', text, remedy)
    }
    const rows = result.stdout.split('\n').filter((line) => line.trim() !== '')
    const there = rows.map((line) => listed.parse(JSON.parse(line)))
    return judgeImages(own, there)
  },
}

function judgeImages(own: readonly string[], there: readonly z.output<typeof listed>[]) {
  const counted = own.map((name) => {
    const ids = there.filter(({ Repository }) => repositoryOf(Repository) === name)
    return { name, count: new Set(ids.map(({ ID }) => ID)).size }
  })
  const faults = counted.flatMap(({ name, count }): Seen[] => {
    const text =
      count === 0
        ? `no image of ${name} is on this host`
        : `only one image of ${name} is on this host`
    return count > 1 ? [] : [{ kind: 'command', text }]
  })
  if (faults.length > 0) return failed(faults)
  const seen = counted.map(({ name, count }) => `${count} of ${name}`)
  return proved({ kind: 'command', text: `images on this host: ${seen.join(', ')}` })
}
