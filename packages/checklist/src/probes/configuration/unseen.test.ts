import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'
import { filesSecretModes } from './files.ts'
import { gitProbe } from './git.ts'
import { secretsNotShared } from './secrets.ts'
import { unproved } from '../../answers/answer.ts'

const SECRET = `SESSION_SECRET=${'5f3a9c1e'.repeat(8)}\n`

test('secrets of another environment that cannot be read are not said to differ [check/secrets/not-shared]', async () => {
  await using own = await Place.make({ '.env': SECRET })
  await using other = await Place.make({ '.env': `JWT_SECRET=${'81d2b7f0'.repeat(8)}\n` })
  // Larger than what is read of such a file.
  await other.write('sub/.env', `A=${'x'.repeat(1024 ** 2)}\n`)
  const found = await look(
    secretsNotShared,
    deploymentOf(own.folder, {}, { against: other.folder, variables: {} }),
  )
  expect(found.state).toBe('unproved')
  expect(found.evidence[0]?.text).toContain('sub/.env is larger than 1048576 bytes')
})

test('the mode of a file of a secret that cannot be seen is not said to be right [check/files/secret-modes]', async () => {
  await using place = await Place.make({ 'sallyport.yaml': '' })
  const source = { auth: { tokens: [{ name: 'one', value: '${file:gone.txt}' }] } }
  const found = await look(
    filesSecretModes,
    deploymentOf(place.folder, {}, { source, variables: {} }),
  )
  expect(found).toMatchObject({
    state: 'unproved',
    evidence: [{ text: expect.stringContaining('gone.txt, which ${file:gone.txt} names, is not') }],
  })
})

test('what cannot be seen of one repository hides no fault of another [check/git/history-clean]', async () => {
  await using place = await Place.make()
  for (const name of ['one', 'two']) {
    await mkdir(join(place.folder, name))
    execFileSync('git', ['init', '-q', join(place.folder, name)])
  }
  const { PATH, HOME } = process.env
  const deployment = deploymentOf(
    place.folder,
    { checklist: { folders: ['one', 'two'] } },
    { variables: { PATH, HOME } },
  )
  const fault = { kind: 'command', text: 'it holds a secret' } as const
  const words = { title: 'x', remedy: 'y', proves: 'z' }
  const judge = gitProbe(words, async ({ folder }) =>
    folder.endsWith('one') ? unproved('command', 'it is shallow') : [fault],
  )
  expect(await look(judge, deployment)).toEqual({ state: 'failed', evidence: [fault] })
})
