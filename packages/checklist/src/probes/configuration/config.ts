import { basename, dirname } from 'node:path'
import { isLoopback } from '@sallyport/kit/http'
import { problemText, type ConfigProblem } from '@sallyport/kit/config'
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
import { deploymentFiles, shownPath } from '../../looks/files.ts'

const SHOWN_MAX = 40

/** The configuration loads, with every rule that can be judged before anything opens. */
export const configValid: Probe = {
  kind: 'probe',
  title: 'The configuration loads without errors',
  remedy: 'run `sallyport validate`, and mend what it names',
  look: async (deployment) => {
    const { problems, config } = deployment
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) return failed(seen(deployment, errors), errors[0]?.remedy || undefined)
    if (config === undefined) {
      return unproved('config', 'the configuration could not be loaded, and nothing says why')
    }
    const servers = Object.keys(config.servers).length
    const text = `${fileName(deployment)} loads with ${servers} servers and no errors`
    return proved({ kind: 'config', text }, ...seen(deployment, problems))
  },
}

/** No key is misspelt. */
export const configUnknownKeys: Probe = {
  kind: 'probe',
  title: 'The configuration has no key that nothing reads',
  remedy: 'rename or remove the keys that `sallyport validate` names',
  look: async (deployment) => {
    const { problems, config } = deployment
    const unknown = problems.filter(({ message }) => message.startsWith('unknown key'))
    if (unknown.length > 0) {
      return failed(seen(deployment, unknown), unknown[0]?.remedy || undefined)
    }
    if (config === undefined && isUnread(deployment)) {
      return unproved('config', `${fileName(deployment)} could not be read as far as its keys`)
    }
    return proved({ kind: 'config', text: `every key of ${fileName(deployment)} is known` })
  },
}

/** Each environment has its own part of the configuration, and this one is told by its name. */
export const configEnvironments: Probe = {
  kind: 'probe',
  title: 'Environments are told apart, and their configuration is kept apart',
  remedy: 'set `environment`, and keep what differs in `sallyport.<environment>.yaml`',
  look: async (deployment, signal) => {
    const { environment, file, folder } = deployment
    if (file === 'environment') {
      return notApplicable(
        'this gateway is configured by its variables alone, which each environment sets for itself',
      )
    }
    if (isUnread(deployment)) {
      return unproved('config', `${fileName(deployment)} could not be read`)
    }
    const { entries } = await deploymentFiles(deployment, signal)
    const overlays = entries.filter(
      ({ path, kind }) =>
        kind !== 'folder' &&
        dirname(path) === folder &&
        /^sallyport\.[\w-]+\.yaml$/.test(basename(path)),
    )
    return judgeEnvironments(
      deployment,
      environment,
      overlays.map(({ name }) => name),
    )
  },
}

function judgeEnvironments(
  deployment: Deployment,
  environment: string,
  overlays: readonly string[],
): Finding {
  const name = fileName(deployment)
  const there = overlays.length > 0 ? overlays.join(', ') : 'no overlay'
  if (environment !== 'local') {
    const text = `${name} runs as \`${environment}\`, with ${there} beside it`
    return proved({ kind: 'config', text })
  }
  const reach = reachOf(deployment)
  if (reach !== undefined) {
    const text = `${name} runs as \`local\`, although ${reach}`
    return failed([{ kind: 'config', text }], `set \`environment\` in ${name}`)
  }
  if (overlays.length > 0) {
    return proved({ kind: 'config', text: `${name} runs as \`local\`, with ${there} beside it` })
  }
  const text = `${name} names no \`environment\`, and no sallyport.<environment>.yaml is beside it`
  return failed([{ kind: 'config', text }])
}

/** Why a deployment is more than somebody's own machine. */
function reachOf({ config, profile }: Deployment): string | undefined {
  if (profile !== 'local') return `it is deployed with ${profile}`
  if (config?.publicUrl !== undefined) return '`publicUrl` is set'
  if (config !== undefined && !isLoopback(config.listen.host)) {
    return '`listen` is open beyond this machine'
  }
  return undefined
}

/** Whether nothing is known of what the file says. */
export function isUnread({ source, problems }: Deployment): boolean {
  const empty =
    source === undefined ||
    source === null ||
    (typeof source === 'object' && Object.keys(source).length === 0)
  return empty && problems.some(({ severity }) => severity === 'error')
}

/** The configuration as it is named in sentences. */
export function fileName(deployment: Deployment): string {
  const { file } = deployment
  return file === 'environment' ? 'the environment' : shownPath(deployment, file)
}

function seen(deployment: Deployment, problems: readonly ConfigProblem[]): Seen[] {
  return problems.slice(0, SHOWN_MAX).map((problem) => {
    const file = problem.file.startsWith('/') ? shownPath(deployment, problem.file) : problem.file
    const text = problemText({ ...problem, file, remedy: '' })
    return { kind: 'config', text: problem.severity === 'warning' ? `warning: ${text}` : text }
  })
}
