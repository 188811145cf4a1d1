import { execFileSync } from 'node:child_process'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import { commitAll, git, madeUp } from '../../test/fixtures/good-deployment.ts'
import { repositories } from './git.ts'
import { searchHistory } from './git-history.ts'

function head(folder: string): string {
  const args = ['-C', folder, 'rev-parse', '--short', 'HEAD']
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}

test('a text is found in the commit that brought it, deep in a large file too [check/git/history-clean]', async () => {
  await using place = await Place.make({ 'notes.txt': 'first\n' })
  const { folder } = place
  await commitAll(folder)
  const filler = 'a line that says nothing\n'.repeat(20_000)
  const commits: string[] = []
  for (const word of ['one', 'two']) {
    await appendFile(join(folder, 'notes.txt'), `${filler}${madeUp(word)}\n${filler}`)
    await git(folder, 'commit', '-q', '-am', word)
    commits.push(head(folder))
  }
  await git(folder, 'rm', '-q', 'notes.txt')
  await git(folder, 'commit', '-q', '-m', 'Remove')
  const signal = AbortSignal.timeout(20_000)
  const deployment = deploymentOf(folder)
  const { found = [] } = await repositories(deployment, signal)
  const [repository] = found
  if (repository === undefined) throw new Error('there is a repository')
  const texts = [madeUp('two'), madeUp('three'), 'short', madeUp('one')]
  const committed = await searchHistory(deployment, repository, texts, signal)
  expect(committed.toSorted((one, other) => one.index - other.index)).toEqual([
    { index: 0, commit: commits[1] },
    { index: 3, commit: commits[0] },
  ])
})
