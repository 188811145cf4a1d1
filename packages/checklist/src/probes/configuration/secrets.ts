import { basename, resolve } from 'node:path'
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
import { isDefault, weakness } from '../../looks/credential-shapes.ts'
import { environmentFiles } from '../../looks/environment-files.ts'
import { shownPath } from '../../looks/files.ts'
import {
  foreignCredentials,
  type KnownCredential,
  knownCredentials,
} from '../../looks/known-credentials.ts'
import { readSmall } from '../../looks/read-small.ts'
import { type SecretFile, secretFiles } from '../../looks/secret-files.ts'
import { someOf } from '../needs.ts'
import { lookGap, variablesGap } from './look-gap.ts'

const RENEW = 'make another one, such as with `openssl rand -hex 32`, and put it in its place'

/** Secrets cannot be guessed. */
export const secretsStrong: Probe = {
  kind: 'probe',
  title: 'Every secret is long and random enough not to be guessed',
  remedy: RENEW,
  look: (deployment, signal) =>
    overCredentials(deployment, signal, (one) => {
      const fault = weakness(one)
      return fault === undefined ? undefined : `${one.where} ${fault}`
    }),
}

/** No secret is what a product ships with, or what is tried first. */
export const secretsNoDefaults: Probe = {
  kind: 'probe',
  title: 'No secret is a default',
  remedy: RENEW,
  look: (deployment, signal) =>
    overCredentials(deployment, signal, ({ where, value }) =>
      isDefault(value) ? `${where} is a default or a word that everybody tries first` : undefined,
    ),
}

/** A secret that leaks opens one door. */
export const secretsUnique: Probe = {
  kind: 'probe',
  title: 'No two purposes share a secret',
  remedy: 'give each purpose a secret of its own: `openssl rand -hex 32`',
  look: async (deployment, signal) => {
    const all = await knownCredentials(deployment, signal)
    const faults = sharing(all).map((shared): Seen => {
      const text = `${shared.map(({ where }) => where).join(' and ')} hold the same value`
      return { kind: 'environment', text }
    })
    if (faults.length > 0) return failed(faults)
    return clean(deployment, signal, `${all.length} secrets were compared: each has its own value`)
  },
}

/** One credential of each purpose, where several purposes have one value. */
function sharing(all: readonly KnownCredential[]): KnownCredential[][] {
  const byValue = Map.groupBy(all, ({ value }) => value)
  return [...byValue.values()].flatMap((same) => {
    const purposes = new Map(same.toReversed().map((one) => [one.purpose, one]))
    const shared = [...purposes.values()].toReversed()
    return shared.length > 1 && !areTwoEnds(shared) ? [shared] : []
  })
}

/** Whether a bearer token is known to the program that asks for it by one name, and to its caller by another. */
function areTwoEnds(shared: readonly KnownCredential[]): boolean {
  const files = shared.map(({ where }) => /\((.*?)(?::\d+)?\)$/.exec(where)?.[1] ?? where)
  const areBearers = shared.every(({ purpose }) => /token|api_?key|authorization/.test(purpose))
  return areBearers && new Set(files).size === shared.length
}

/** Another environment is another domain of trust. */
export const secretsNotShared: Probe = {
  kind: 'probe',
  title: 'No secret is shared with another environment',
  remedy: 'give this environment secrets of its own',
  look: async (deployment, signal) => {
    const own = await knownCredentials(deployment, signal)
    const beside = await foreignCredentials(deployment, signal)
    const faultsBeside = equals(own, beside)
    if (faultsBeside.length > 0) return failed(faultsBeside)
    const { against } = deployment
    if (against === undefined) {
      return unproved(
        'reason',
        'no other environment was named to compare the secrets with',
        'run `sallyport check --against FOLDER` with the folder of another environment',
      )
    }
    if (resolve(against) === deployment.folder) {
      return unproved('reason', '--against names this very deployment', 'name the other folder')
    }
    const there = otherDeployment(deployment, against)
    const other = await otherCredentials(there, signal)
    if (other.length === 0) {
      return unproved(
        'file',
        `no secret was found in ${against}`,
        'name the folder with its `.env`',
      )
    }
    const faults = equals(own, other)
    if (faults.length > 0) return failed(faults)
    const gap = await lookGap(there, signal)
    if (gap !== undefined) {
      return unproved('file', `in ${against}: ${gap.evidence.map((one) => one.text).join('; ')}`)
    }
    const text = `${own.length} secrets were compared with ${other.length} of ${against}: none is the same`
    return clean(deployment, signal, text)
  },
}

function equals(own: readonly KnownCredential[], other: readonly KnownCredential[]): Seen[] {
  const values = Map.groupBy(other, ({ value }) => value)
  return own.flatMap(({ value, where }): Seen[] => {
    const same = values.get(value) ?? []
    // The one at the same place says most.
    const there = same.find((one) => one.where === where) ?? same[0]
    if (there === undefined) return []
    const text = `${where} has the value of ${there.where} in the other environment`
    return [{ kind: 'file', text }]
  })
}

function otherDeployment(deployment: Deployment, against: string): Deployment {
  const { settings } = deployment
  return {
    ...deployment,
    ...{ file: 'environment', folder: against, source: {}, config: undefined, variables: {} },
    problems: [],
    settings: {
      ...settings,
      ...{ folders: ['.'], environmentFiles: undefined, compose: undefined, units: undefined },
    },
  }
}

/** Credentials in the files of another deployment, whatever environment their names say. */
async function otherCredentials(
  other: Deployment,
  signal: AbortSignal,
): Promise<KnownCredential[]> {
  return [...(await knownCredentials(other, signal)), ...(await foreignCredentials(other, signal))]
}

/** Files that are secrets are there and hold one value. */
export const secretsFiles: Probe = {
  kind: 'probe',
  title: 'Every file of a secret is there and holds one value',
  remedy: 'write the value alone to the file, with mode 600',
  look: async (deployment, signal) => {
    const { files } = await secretFiles(deployment, signal)
    const named = files.filter((file) => file.named !== undefined)
    const judgements = await Promise.all(named.map(judgeFile))
    const faults = judgements.flatMap(({ fault }) => fault ?? [])
    if (faults.length > 0) return failed(faults)
    const unread = judgements.flatMap((one) => one.unread ?? [])
    if (unread.length > 0)
      return unproved('file', unread.join('; '), 'run it as a user who may read them')
    const gap = await variablesGap(deployment, signal)
    if (gap !== undefined) return gap
    if (named.length === 0) {
      return notApplicable(
        'neither the configuration, a variable nor a compose file names the file of a secret',
      )
    }
    const text = `each is there and holds one value: ${named.map(({ name }) => name).join(', ')}`
    return proved({ kind: 'file', text })
  },
}

interface FileJudgement {
  readonly fault?: Seen
  readonly unread?: string
}

async function judgeFile({
  path,
  name,
  named,
  isLaidDown,
  found,
}: SecretFile): Promise<FileJudgement> {
  const fault = (text: string): FileJudgement => {
    return { fault: { kind: 'file', text: `${name}, which ${named} names, ${text}` } }
  }
  if (isLaidDown === true && found === undefined) {
    return { unread: `${name}, which ${named} names, is there for the gateway alone while it runs` }
  }
  const reading = await readSmall(path)
  if ('fault' in reading) {
    if (reading.code === 'EACCES' || reading.code === 'EPERM') {
      return { unread: `${name} ${reading.fault}` }
    }
    return fault(reading.fault)
  }
  const text = reading.text.replace(/\r?\n$/, '')
  if (text.trim() === '') return fault('is empty')
  if (text.includes('-----BEGIN')) return {}
  if (/[\r\n]/.test(text)) return fault('holds several lines')
  return text === text.trim() ? {} : fault('has spaces around its value')
}

/** Fails with every fault; where there is none, says how many were looked at. */
async function overCredentials(
  deployment: Deployment,
  signal: AbortSignal,
  judge: (credential: KnownCredential) => string | undefined,
): Promise<Finding> {
  const all = await knownCredentials(deployment, signal)
  const faults = all.flatMap((one): Seen[] => {
    const text = judge(one)
    return text === undefined ? [] : [{ kind: 'environment', text }]
  })
  if (faults.length > 0) return failed(faults)
  const places = [...new Set(all.map(({ where }) => where))]
  return clean(deployment, signal, `${all.length} secrets were looked at: ${someOf(places, 20)}`)
}

/** Proved, where something was there to look at and nothing was left out. */
async function clean(deployment: Deployment, signal: AbortSignal, text: string): Promise<Finding> {
  const gap = await variablesGap(deployment, signal)
  if (gap !== undefined) return gap
  if ((await knownCredentials(deployment, signal)).length > 0) {
    return proved({ kind: 'environment', text })
  }
  const { files } = await environmentFiles(deployment, signal)
  const where = files.map(({ path }) => basename(shownPath(deployment, path)))
  const looked = where.length > 0 ? `, ${where.join(', ')} among them` : ''
  return notApplicable(`nothing that this deployment is given is a secret${looked}`)
}
