import { type Finding, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts, gapText } from '../../looks/compose.ts'
import { environmentFiles } from '../../looks/environment-files.ts'
import { deploymentFiles } from '../../looks/files.ts'
import { fileName, isUnread } from './config.ts'

/** Why not all could be seen that holds secrets; undefined = all of it was. */
export async function lookGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  if (deployment.config === undefined && isUnread(deployment)) {
    return unproved(
      'config',
      `${fileName(deployment)} could not be read`,
      'mend it first: `sallyport validate`',
    )
  }
  return (await environmentGap(deployment, signal)) ?? foldersGap(deployment, signal)
}

/** Why not all environment files could be read; undefined = all were. */
export async function environmentGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { files } = await environmentFiles(deployment, signal)
  const unread = files.flatMap(({ name, fault }) =>
    fault === undefined ? [] : [`${name} ${fault}`],
  )
  if (unread.length === 0) return undefined
  const remedy =
    'run the check as a user who may read it, or name the right files in `checklist.environmentFiles`'
  return unproved('file', unread.join('; '), remedy)
}

/** Why not all variables could be seen that programs are given; undefined = all of them were. */
export async function variablesGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  return (
    clusterGap(deployment) ?? (await lookGap(deployment, signal)) ?? composeGap(deployment, signal)
  )
}

/** That a cluster gives variables which are in none of the files here. */
export function clusterGap({ profile }: Deployment): Finding | undefined {
  if (profile !== 'kubernetes') return undefined
  const text = 'what a cluster gives its pods as variables and secrets is not looked at'
  return unproved('reason', text, 'look at the manifests, and attest it')
}

/** Why not all that compose files say could be seen; undefined = all of it was. */
async function composeGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { gaps } = await composeFacts(deployment, signal)
  return gaps.length === 0 ? undefined : unproved('file', gapText(gaps), 'mend the compose file')
}

/** Why not all files could be seen; undefined = all were. */
export async function foldersGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { cut, unreadable, entries } = await deploymentFiles(deployment, signal)
  if (unreadable.length > 0) {
    const text = `not every folder could be read: ${unreadable.slice(0, 5).join(', ')}`
    return unproved('file', text, 'run the check as a user who may read them')
  }
  if (!cut) return undefined
  const text = `only the first ${entries.length} files of \`checklist.folders\` were looked at`
  return unproved('file', text, 'name the folders of the deployment alone in `checklist.folders`')
}
