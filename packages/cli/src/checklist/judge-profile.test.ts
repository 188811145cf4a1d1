import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judgeProfile } from './judge-profile.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-profile-'))
  await mkdir(join(folder, 'deploy'))
  await writeFile(join(folder, 'deploy', 'docker-compose.yml'), 'services: {}\n')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }

test.each([
  ['local', 'nothing is there', { folders: ['.'] }, {}],
  ['compose', 'a folder has a compose file', { folders: ['.', './deploy'] }, {}],
  ['compose', 'compose files are named', { folders: ['.'], compose: ['stack.yaml'] }, {}],
  ['compose', 'a compose file is there, in a pod', { folders: ['deploy'] }, POD],
  ['kubernetes', 'it is a pod', { folders: ['.'] }, POD],
  ['local', 'the configuration says so', { profile: 'local', folders: ['deploy'] }, POD],
] as const)(
  'the profile is %s where %s [check/command/profile]',
  (profile, _case, settings, environment) => {
    const said = {
      ...settings,
      folders: [...settings.folders],
      compose: 'compose' in settings ? [...settings.compose] : undefined,
    }
    expect(
      judgeProfile({
        flag: undefined,
        settings: { profile: undefined, ...said },
        folder,
        environment,
      }),
    ).toBe(profile)
  },
)

test('the profile that is given goes before everything [check/command/profile]', () => {
  const settings = { profile: 'local', folders: ['deploy'], compose: undefined } as const
  const signs = {
    settings: { ...settings, folders: [...settings.folders] },
    folder,
    environment: POD,
  }
  expect(judgeProfile({ flag: 'kubernetes', ...signs })).toBe('kubernetes')
})
