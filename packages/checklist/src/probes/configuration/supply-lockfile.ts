import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { GatewayConfig, StdioServerConfig } from '@sallyport/contract/config'
import {
  failed,
  type Finding,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { shownPath } from '../../looks/files.ts'
import { readSmall } from '../../looks/read-small.ts'
import { startedBy } from '../../looks/started-package.ts'
import { withConfig } from '../needs.ts'

const LOCKS = {
  node: [
    'package-lock.json',
    'npm-shrinkwrap.json',
    'pnpm-lock.yaml',
    'yarn.lock',
    'bun.lock',
    'bun.lockb',
    'deno.lock',
  ],
  python: ['uv.lock', 'poetry.lock', 'Pipfile.lock', 'pdm.lock', 'pylock.toml'],
} as const
const MANIFESTS = {
  node: ['package.json'],
  python: ['pyproject.toml', 'Pipfile', 'requirements.txt'],
} as const
const LEVELS_MAX = 8

/** What is run tomorrow is what was tried today. */
export const supplyLockfile: Probe = {
  kind: 'probe',
  title: 'Every server is started in a version that is written down',
  remedy: 'write the version after the name of the package, such as `npx -y name@1.2.3`',
  look: async (deployment) =>
    withConfig(deployment, async (config) => {
      const servers = stdioServers(config)
      if (servers.length === 0) {
        return notApplicable('none of the servers is a program that this gateway starts')
      }
      const judged = await Promise.all(servers.map((server) => judgeServer(deployment, server)))
      return together(judged)
    }),
}

function stdioServers({ servers }: GatewayConfig): StdioServerConfig[] {
  return Object.values(servers).filter((server) => server.kind === 'stdio')
}

interface ServerJudgement {
  readonly state: 'good' | 'bad' | 'unseen'
  readonly text: string
}

function together(judged: readonly ServerJudgement[]): Finding {
  const of = (state: ServerJudgement['state']) =>
    judged.filter((one) => one.state === state).map(({ text }): Seen => ({ kind: 'config', text }))
  if (of('bad').length > 0) return failed(of('bad'))
  const [unseen] = of('unseen')
  return unseen === undefined ? proved(...of('good')) : unproved('file', unseen.text)
}

async function judgeServer(
  deployment: Deployment,
  server: StdioServerConfig,
): Promise<ServerJudgement> {
  const { name, command, args, cwd } = server
  const key = `mcpServers.${name}`
  const started = startedBy(command, args)
  const folder = resolve(deployment.folder, cwd)
  if (started.kind === 'program') return { state: 'good', text: `${key} is a program of this host` }
  if (started.kind === 'script') {
    return judgeScript(deployment, key, resolve(folder, started.path), started.runtime)
  }
  if (started.pinned) return { state: 'good', text: `${key} takes ${started.name}` }
  const lock = lockOf(folder, 'node')
  const isInstalled = existsSync(join(folder, 'node_modules', bare(started.name)))
  if (lock !== undefined && isInstalled) {
    return { state: 'good', text: `${key} is installed as ${shownPath(deployment, lock)} says` }
  }
  const text = `${key} takes whatever version of ${started.name} \`${started.how}\` finds when it starts`
  return { state: 'bad', text }
}

function bare(name: string): string {
  return name.replace(/(.)@[^/]*$/, '$1')
}

type Runtime = keyof typeof LOCKS

async function judgeScript(
  deployment: Deployment,
  key: string,
  path: string,
  runtime: Runtime,
): Promise<ServerJudgement> {
  const name = shownPath(deployment, path)
  if (!existsSync(path)) return { state: 'unseen', text: `${key} runs ${name}, which is not there` }
  const manifest = above(dirname(path), MANIFESTS[runtime])
  if (manifest === undefined || !(await asksForPackages(manifest))) {
    return { state: 'good', text: `${key} runs ${name}, which asks for no packages` }
  }
  const lock = lockOf(dirname(manifest), runtime)
  if (lock !== undefined) {
    return { state: 'good', text: `${key} runs ${name} with ${shownPath(deployment, lock)}` }
  }
  if (manifest.endsWith('requirements.txt') && (await areExact(manifest))) {
    return { state: 'good', text: `${key} runs ${name}, and its requirements are exact` }
  }
  const text = `${key} runs ${name}, and no lockfile is beside ${shownPath(deployment, manifest)}`
  return { state: 'bad', text }
}

function lockOf(folder: string, runtime: Runtime): string | undefined {
  return above(folder, LOCKS[runtime])
}

/** The first of these files in a folder or those above it. */
function above(start: string, names: readonly string[]): string | undefined {
  let folder = start
  for (let level = 0; level < LEVELS_MAX; level += 1) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found !== undefined || dirname(folder) === folder) return found
    folder = dirname(folder)
  }
  return undefined
}

async function asksForPackages(manifest: string): Promise<boolean> {
  const reading = await readSmall(manifest)
  if ('fault' in reading) return true
  if (!manifest.endsWith('.json')) return /\S/.test(reading.text)
  return /"(?:dependencies|optionalDependencies|workspaces)"\s*:\s*[{[]\s*[^}\]\s]/.test(
    reading.text,
  )
}

async function areExact(manifest: string): Promise<boolean> {
  const reading = await readSmall(manifest)
  if ('fault' in reading) return false
  const lines = reading.text.split('\n').map((line) => line.replace(/#.*/, '').trim())
  return lines.every(
    (line) => line === '' || line.startsWith('-') || /==|@ .*[0-9a-f]{40}/.test(line),
  )
}
