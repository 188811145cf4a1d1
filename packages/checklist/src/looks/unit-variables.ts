import { resolve } from 'node:path'
import { fact } from '../deployment.ts'
import type { FileVariable } from './environment-files.ts'
import { deploymentFiles, shownPath } from './files.ts'
import { readSmall } from './read-small.ts'

const ASSIGNMENT =
  /"([A-Za-z_]\w*)=((?:[^"\\]|\\.)*)"|'([A-Za-z_]\w*)=([^']*)'|([A-Za-z_]\w*)=(\S*)/g

/**
 * Variables that `Environment=` of systemd units sets: those of `checklist.units`, by default `*.service`.
 *
 * Source: systemd.exec(5), `Environment=`.
 */
export const unitVariables = fact(async (deployment, signal): Promise<FileVariable[]> => {
  const { settings, folder } = deployment
  const { entries } = await deploymentFiles(deployment, signal)
  const found = entries.filter(({ kind, path }) => kind === 'file' && path.endsWith('.service'))
  const paths =
    settings.units?.map((path) => resolve(folder, path)) ?? found.map(({ path }) => path)
  const variables: FileVariable[] = []
  for (const path of paths) {
    const reading = await readSmall(path)
    if ('text' in reading) variables.push(...inUnit(reading.text, shownPath(deployment, path)))
  }
  return variables
})

function inUnit(text: string, name: string): FileVariable[] {
  return text.split('\n').flatMap((line, index) => {
    const [, assignments] = /^\s*Environment=(.*)$/.exec(line) ?? []
    if (assignments === undefined) return []
    return [...assignments.matchAll(ASSIGNMENT)].map((match): FileVariable => {
      const [, doubleName, double = '', singleName, single = '', bareName = '', bare = ''] = match
      const value = doubleName === undefined ? (singleName === undefined ? bare : single) : double
      return { name: doubleName ?? singleName ?? bareName, value, at: `${name}:${index + 1}` }
    })
  })
}
