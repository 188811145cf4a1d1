import { basename, dirname, join, relative } from 'node:path'
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
import { credentialsIn, isDefault } from '../../looks/credential-shapes.ts'
import { environmentFiles, isEnvironmentName, variablesIn } from '../../looks/environment-files.ts'
import { shownPath } from '../../looks/files.ts'
import { type Repository, repositories } from '../../looks/git.ts'
import { searchHistory, type Version, versionsOf } from '../../looks/git-history.ts'
import { knownCredentials } from '../../looks/known-credentials.ts'
import { placeholderIn } from '../../looks/placeholder.ts'
import { secretFiles } from '../../looks/secret-files.ts'
import { someOf } from '../needs.ts'
import { foldersGap, lookGap } from './look-gap.ts'

type Judge = (
  repository: Repository,
  deployment: Deployment,
  signal: AbortSignal,
) => Promise<readonly Seen[] | Finding>

/** Judges each repository of the deployment; proved where none has a fault. */
export function gitProbe(
  probe: Omit<Probe, 'kind' | 'look'> & { readonly proves: string },
  judge: Judge,
): Probe {
  const { proves, ...rest } = probe
  return {
    kind: 'probe',
    ...rest,
    look: async (deployment, signal) => {
      const { found, fault } = await repositories(deployment, signal)
      if (fault !== undefined) return unproved('command', fault.text, fault.remedy)
      if (found.length === 0) {
        return notApplicable('no folder of this deployment, nor one above it, is under git')
      }
      const faults: Seen[] = []
      const others: Finding[] = []
      for (const repository of found) {
        const judged = await judge(repository, deployment, signal)
        if ('state' in judged) others.push(judged)
        else faults.push(...judged)
      }
      // What cannot be seen of one hides no fault of another.
      if (faults.length > 0) return failed(faults)
      const open = others.find(({ state }) => state !== 'not_applicable')
      if (open !== undefined) return open
      const [exempt] = others
      if (exempt !== undefined && others.length === found.length) return exempt
      const gap = await lookGap(deployment, signal)
      return gap ?? proved({ kind: 'command', text: proves })
    },
  }
}

const UNTRACK = 'run `git rm --cached` on it, add it to `.gitignore`, and renew what it holds'

/** Environment files are in no commit to come. */
export const gitEnvUntracked = gitProbe(
  {
    title: 'No environment file is tracked by git',
    remedy: UNTRACK,
    proves: 'git tracks no environment file but templates',
  },
  async (repository, deployment, signal) => {
    const listed = await repository.run(['ls-files', '-z', '--', '.'], signal)
    const { files } = await environmentFiles(deployment, signal)
    return listed.split('\0').flatMap((name): Seen[] => {
      if (!isEnvironmentName(name)) return []
      const path = join(repository.folder, name)
      const file = files.find((one) => one.path === path)
      // Those of other environments are often kept in git, without a secret.
      const holds = [...(file?.variables.values() ?? [])].some(isCredential)
      if (file?.use === 'foreign' && !holds) return []
      return [{ kind: 'command', text: `${shownPath(deployment, path)} is tracked by git` }]
    })
  },
)

function isCredential({ name, value }: { readonly name: string; readonly value: string }): boolean {
  return credentialsIn(name, value).length > 0 && placeholderIn(name, value) === undefined
}

/** What holds secrets is ignored, so that nobody adds it by chance. */
export const gitSecretsIgnored = gitProbe(
  {
    title: 'Git ignores every file that holds a secret',
    remedy: 'add it to `.gitignore`',
    proves: 'git ignores every file here that holds a secret',
  },
  async (repository, deployment, signal) => {
    const { files } = await secretFiles(deployment, signal)
    const inside = files
      .filter(({ found }) => found !== undefined)
      .map(({ path }) => path)
      .filter((path) => !relative(repository.folder, path).startsWith('..'))
    if (inside.length === 0) {
      const gap = await foldersGap(deployment, signal)
      return gap ?? notApplicable('no file in the folders of this deployment holds a secret')
    }
    const ignored = await repository.run(
      ['check-ignore', '--no-index', '--', ...inside],
      signal,
      [1],
    )
    const known = new Set(ignored.split('\n'))
    const tracked = await repository.run(['ls-files', '-z', '--', ...inside], signal)
    const held = new Set(tracked.split('\0').map((name) => join(repository.folder, name)))
    return inside.flatMap((path): Seen[] => {
      const name = shownPath(deployment, path)
      // That environment files are tracked is told by itself.
      if (held.has(path) && !isEnvironmentName(path)) {
        return [{ kind: 'command', text: `${name} is tracked by git` }]
      }
      return known.has(path) ? [] : [{ kind: 'command', text: `git does not ignore ${name}` }]
    })
  },
)

const PATTERNS = [
  '**/.env',
  '**/.env.*',
  '**/secrets/**',
  '**/.secrets/**',
  '**/id_*',
  '**/*.pem',
  '**/*.key',
]
const NO_SECRET =
  /(?:^|\/)(?:\.git(?:keep|ignore)|\.keep|readme[^/]*)$|\.(?:md|examples?|samples?|templates?|dist|pub|age|gpg|asc|enc|crt)$/i
const VERSIONS_MAX = 60

/** What was committed once is known to whoever has a clone. */
export const gitHistoryClean: Probe = {
  ...gitProbe(
    {
      title: 'No secret was ever committed, in any branch or tag',
      remedy:
        'renew that secret: whoever has a clone knows it; then rewrite the history, such as with `git filter-repo`',
      proves: 'no commit of any branch or tag holds a file of secrets or a secret of today',
    },
    async (repository, deployment, signal) => {
      const faults = await committedFiles(repository, signal)
      if ('state' in faults) return faults
      // What everybody knows is in many files, and is told of as a default.
      const all = await knownCredentials(deployment, signal)
      const secrets = all.filter(({ value }) => !isDefault(value))
      const values = secrets.map(({ value }) => value)
      const found = await searchHistory(deployment, repository, values, signal)
      const known = found.flatMap(({ index, commit }): Seen[] => {
        const where = secrets[index]?.where ?? 'a secret'
        return [{ kind: 'command', text: `the value of ${where} was committed in ${commit}` }]
      })
      const both = [...faults, ...known]
      if (both.length > 0 || !repository.shallow) return both
      const text = 'this clone is shallow: older commits are not here to be looked at'
      return unproved('command', text, 'run `git fetch --unshallow`')
    },
  ),
  deadlineMs: 60_000,
}

async function committedFiles(
  repository: Repository,
  signal: AbortSignal,
): Promise<readonly Seen[] | Finding> {
  const versions = (await versionsOf(repository, PATTERNS, signal)).filter(({ path }) =>
    mayHold(path),
  )
  const faults = new Map<string, Seen>()
  for (const version of versions.slice(0, VERSIONS_MAX)) {
    if (faults.has(version.path)) continue
    const held = await heldBy(repository, version, signal)
    if (held === undefined) continue
    const text = `${version.path} was committed with ${held} in ${version.commit}`
    faults.set(version.path, { kind: 'command', text })
  }
  if (faults.size > 0 || versions.length <= VERSIONS_MAX) return [...faults.values()]
  const names = [...new Set(versions.map(({ path }) => path))]
  const text = `there are ${versions.length} versions of files that may hold secrets: ${someOf(names)}`
  return unproved('command', text, 'look at them with `git log --all -- PATH`')
}

function mayHold(path: string): boolean {
  if (/^\.env/.test(basename(path))) return isEnvironmentName(path)
  return !NO_SECRET.test(path)
}

/** What of a version is a secret, without telling it; undefined = nothing. */
async function heldBy(
  repository: Repository,
  { path, blob }: Version,
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = await repository.run(['cat-file', 'blob', blob], signal)
  if (/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text)) return 'a private key'
  if (isEnvironmentName(path)) return [...variablesIn(text, path).values()].find(isCredential)?.name
  if (!/^\.?secrets?$/.test(basename(dirname(path)))) return undefined
  const value = text.trim()
  const isValue = value !== '' && !value.includes('\n') && !/\s/.test(value)
  return isValue && placeholderIn('secret', value) === undefined ? 'a value' : undefined
}
