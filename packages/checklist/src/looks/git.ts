import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { type Deployment, fact } from '../deployment.ts'
import { shownPath } from './files.ts'
import { runCommand } from './run-command.ts'

/** A repository that folders of the deployment are in. */
export interface Repository {
  /** Absolute: a folder of the deployment; paths of {@link Repository.run} are relative to it. */
  readonly folder: string
  /** Whether older commits are not here. */
  readonly shallow: boolean
  /**
   * Output of a git command that changes nothing.
   *
   * @param codes exit codes besides 0 that are no fault
   * @throws {AppError} `internal` where it fails; what {@link runCommand} throws
   */
  run(args: readonly string[], signal: AbortSignal, codes?: readonly number[]): Promise<string>
}

/** The repositories of a deployment, or why they cannot be looked at. */
export type Repositories =
  | { readonly found: readonly Repository[]; readonly fault?: never }
  | { readonly fault: { readonly text: string; readonly remedy: string }; readonly found?: never }

/** No program that the repository names is run. */
export const QUIET: readonly string[] = [
  '--no-optional-locks',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.quotePath=false',
  '-c',
  'log.showSignature=false',
]

/**
 * The repositories of `checklist.folders`; none where neither they nor folders above them are under git.
 *
 * @throws {AppError} what {@link runCommand} throws
 */
export const repositories = fact(async (deployment, signal): Promise<Repositories> => {
  const { folder, settings } = deployment
  const found: Repository[] = []
  const tops = new Set<string>()
  for (const path of new Set(settings.folders.map((one) => resolve(folder, one)))) {
    if (!isUnderGit(path)) continue
    const args = ['-C', path, ...QUIET, 'rev-parse', '--show-toplevel', '--is-shallow-repository']
    const result = await runCommand(deployment, 'git', args, signal)
    if (result === undefined || result.code !== 0) {
      return { fault: faultOf(shownPath(deployment, path), result?.stderr) }
    }
    const [top = '', shallow] = result.stdout.trim().split('\n')
    if (tops.has(`${top} ${path}`)) continue
    tops.add(`${top} ${path}`)
    found.push(toRepository(deployment, path, shallow === 'true'))
  }
  return { found }
})

function isUnderGit(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return true
    if (dirname(folder) === folder) return false
  }
}

function faultOf(folder: string, stderr: string | undefined): { text: string; remedy: string } {
  if (stderr === undefined) {
    const text = `${folder} is under git, and there is no \`git\` on the PATH`
    return { text, remedy: 'install git, or run the check where it is' }
  }
  if (stderr.includes('dubious ownership')) {
    const text = `git does not trust the repository of ${folder}: it belongs to another user`
    return { text, remedy: 'run the check as the user that owns the repository' }
  }
  const text = `git cannot read the repository of ${folder}: ${stderr.trim().split('\n')[0]}`
  return { text, remedy: 'run `git status` there' }
}

function toRepository(deployment: Deployment, folder: string, shallow: boolean): Repository {
  return {
    folder,
    shallow,
    run: async (args, signal, codes = []) => {
      const all = ['-C', folder, ...QUIET, ...args]
      const result = await runCommand(deployment, 'git', all, signal)
      if (result === undefined) throw new AppError('internal', 'there is no `git` on the PATH')
      if (result.code === 0 || codes.includes(result.code ?? -1)) return result.stdout
      const said = result.stderr.trim().split('\n')[0]
      throw new AppError('internal', `\`git ${args[0]}\` ended with status ${result.code}: ${said}`)
    },
  }
}
