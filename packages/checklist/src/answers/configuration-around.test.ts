import { appendFile, chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Break,
  ConfigurationBench,
  replaced,
  secretsIn,
} from '../../test/fixtures/configuration-bench.ts'
import { git, madeUp, scanOf } from '../../test/fixtures/good-deployment.ts'

let bench: ConfigurationBench
beforeAll(async () => {
  bench = await ConfigurationBench.make()
})
afterAll(() => bench[Symbol.asyncDispose]())

const BREAKS: Readonly<Record<string, Break>> = {
  'an instance that the gateway does not list [check/instances/listed]': {
    fails: { 'instances/listed': 'INSTANCES (compose.yaml:18) lacks beta (instances/beta/.env)' },
    changes: replaced('compose.yaml', ',beta=http://beta:9090', ''),
  },
  'a listed instance that is not there [check/instances/listed]': {
    fails: {
      'instances/listed': 'INSTANCES (compose.yaml:18) lists gamma, which no folder or service is',
    },
    changes: replaced('compose.yaml', ',beta=', ',gamma=http://gamma:9090,beta='),
  },
  'two instances on one token [check/instances/unique-token]': {
    fails: {
      'instances/unique-token':
        'DISCORD_TOKEN (instances/alpha/.env:1) and DISCORD_TOKEN (instances/beta/.env:1) are the same',
    },
    changes: replaced('instances/beta/.env', madeUp('beta bot'), madeUp('alpha bot')),
  },
  'two instances on one schema [check/instances/unique-schema]': {
    fails: {
      'instances/unique-schema':
        'DB_SCHEMA (instances/alpha/.env:2) and DB_SCHEMA (instances/beta/.env:2) are the same',
    },
    changes: replaced('instances/beta/.env', 'DB_SCHEMA=beta', 'DB_SCHEMA=alpha'),
  },
  'two instances with one prefix in one guild [check/instances/unique-prefix]': {
    fails: {
      'instances/unique-prefix':
        'command_prefix (instances/alpha/config.toml:2) and command_prefix (instances/beta/config.toml:2) are the same',
    },
    changes: replaced('instances/beta/config.toml', '"?"', '"!"'),
  },
  'two instances at one address [check/instances/unique-port]': {
    fails: {
      'instances/unique-port':
        'INSTANCES (compose.yaml:18): alpha and other have the same host and port',
    },
    changes: replaced('compose.yaml', ',beta=', ',other=http://alpha:9090,beta='),
  },
  'two services with one folder [check/instances/own-folder]': {
    fails: { 'instances/own-folder': 'alpha and beta are given the same instances/alpha/.env' },
    changes: {
      ...replaced('compose.yaml', 'instances/beta/.env', 'instances/alpha/.env'),
      'instances/beta/.env': undefined,
      'instances/beta/config.toml': undefined,
    },
  },
  'a readable file of a secret [check/files/secret-modes]': {
    fails: { 'files/secret-modes': 'secrets/db_password.txt has mode 644' },
    changes: {},
    also: (folder) => chmod(join(folder, 'secrets/db_password.txt'), 0o644),
  },
  'a file that everybody can change [check/files/modes]': {
    fails: { 'files/modes': 'sallyport.yaml (666) can be changed by everybody' },
    changes: {},
    also: (folder) => chmod(join(folder, 'sallyport.yaml'), 0o666),
  },
  'a shell history [check/files/no-transcripts]': {
    fails: { 'files/no-transcripts': 'home/.bash_history is a shell history' },
    changes: { 'home/.bash_history': 'docker compose up -d\n' },
  },
  'a transcript of a session [check/files/no-transcripts]': {
    fails: { 'files/no-transcripts': 'notes/8f2a.jsonl is a transcript' },
    changes: { 'notes/8f2a.jsonl': '{"message":{"role":"user","content":"deploy it"}}\n' },
  },
  'an environment file in git [check/git/env-untracked]': {
    fails: { 'git/env-untracked': 'instances/alpha/.env.local is tracked by git' },
    changes: { 'instances/alpha/.env.local': 'TZ=UTC\n' },
    also: (folder) => git(folder, 'add', '-f', 'instances/alpha/.env.local'),
  },
  'a secret in a commit that was undone [check/git/history-clean]': {
    fails: { 'git/history-clean': 'the value of JWT_SECRET (.env:7) was committed in' },
    changes: {},
    also: async (folder) => {
      await git(folder, 'switch', '-q', '-c', 'side')
      await appendFile(join(folder, 'compose.yaml'), `# ${madeUp('jwt')}\n`)
      await git(folder, 'commit', '-q', '-am', 'Try')
      await git(folder, 'switch', '-q', 'main')
    },
  },
  'an environment file in an older commit [check/git/history-clean]': {
    fails: { 'git/history-clean': '.env.prod was committed with API_TOKEN in' },
    changes: {},
    also: async (folder) => {
      await writeFile(join(folder, '.env.prod'), `API_TOKEN=${madeUp('older')}\n`)
      await git(folder, 'switch', '-q', '-c', 'side')
      await git(folder, 'add', '-f', '.env.prod')
      await git(folder, 'commit', '-q', '-m', 'Add')
      await git(folder, 'rm', '-q', '.env.prod')
      await git(folder, 'commit', '-q', '-m', 'Remove')
      await git(folder, 'switch', '-q', 'main')
      await git(folder, 'merge', '-q', '--no-ff', 'side', '-m', 'Merge')
    },
  },
  'a folder of secrets that git does not ignore [check/git/secrets-ignored]': {
    fails: { 'git/secrets-ignored': 'git does not ignore secrets/db_password.txt' },
    changes: {},
    also: (folder) => writeFile(join(folder, '.gitignore'), '.env\n.env.*\n'),
  },
  'a server of no version [check/supply/lockfile]': {
    fails: {
      'supply/lockfile':
        'mcpServers.files takes whatever version of @modelcontextprotocol/server-filesystem',
    },
    changes: replaced('sallyport.yaml', '@2026.8.31', ''),
  },
  'a critical finding [check/supply/scan]': {
    fails: { 'supply/scan': 'scans/bot.json holds 1 high or critical: CVE-2026-9 (openssl)' },
    changes: {
      'scans/bot.json': scanOf('bot:1.4.0', {
        Results: [
          {
            Vulnerabilities: [
              { VulnerabilityID: 'CVE-2026-9', PkgName: 'openssl', Severity: 'CRITICAL' },
            ],
          },
        ],
      }),
    },
  },
  'a scan of another version [check/supply/scan]': {
    fails: { 'supply/scan': 'scans/bot.json is of bot:1.3.9, and alpha (compose.yaml:' },
    changes: { 'scans/bot.json': scanOf('bot:1.3.9') },
  },
  'no image to go back to [check/supply/previous-image]': {
    fails: { 'supply/previous-image': 'only one image of gateway is on this host' },
    changes: {},
    images: ['bot:1.4.0', 'bot:1.3.9', 'gateway:1.0.0'],
  },
  'an open address without a token [check/instances/backend-auth]': {
    fails: {
      'instances/backend-auth':
        'MCP_BIND_ADDR (instances/beta/.env:5) is no loopback address, and MCP_AUTH_TOKEN is not set',
    },
    changes: replaced('instances/beta/.env', /MCP_AUTH_TOKEN=.*/, 'MCP_AUTH_TOKEN=   # later'),
  },
}

test.each(Object.entries(BREAKS))('%s makes exactly its items fail', async (_name, one) => {
  const { findings, failed } = await bench.judge(one.changes, one)
  expect(failed.toSorted()).toEqual(Object.keys(one.fails).toSorted())
  for (const [id, part] of Object.entries(one.fails)) {
    const said = findings
      .get(id)
      ?.evidence.map((seen) => seen.text)
      .join('\n')
    expect(said).toContain(part)
  }
  expect(secretsIn(findings)).toEqual([])
})

test('what cannot be seen is unproved, and nothing of it fails', async () => {
  const missing = await bench.judge(
    {},
    {
      given: { variables: { PATH: '/nowhere' } },
      also: (folder) => rm(join(folder, 'scans'), { recursive: true }),
    },
  )
  const states = [...missing.findings].filter(([, { state }]) => state === 'unproved')
  expect(missing.failed).toEqual([])
  expect(states.map(([id]) => id)).toEqual([
    'secrets/not-shared',
    'git/env-untracked',
    'git/history-clean',
    'git/secrets-ignored',
    'supply/scan',
    'supply/dependencies',
    'supply/previous-image',
  ])
  for (const [, { evidence }] of states) expect(evidence[0]?.text).toMatch(/\w/)
})
