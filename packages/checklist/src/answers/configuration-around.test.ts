import { appendFile, chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  added,
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

/** That exactly these probes fail on this copy, say so, and tell no secret. */
const breaks = (one: Break) => async () => {
  const { findings, failed } = await bench.judge(one.changes, one)
  expect(failed.toSorted()).toEqual(Object.keys(one.fails).toSorted())
  for (const [id, part] of Object.entries(one.fails)) {
    const said = findings.get(id)?.evidence.map((seen) => seen.text)
    expect(said?.join('\n')).toContain(part)
  }
  expect(secretsIn(findings)).toEqual([])
}

test(
  'an instance that the gateway does not list makes exactly its items fail [check/instances/listed]',
  breaks({
    fails: { 'instances/listed': 'INSTANCES (compose.yaml:18) lacks beta (instances/beta/.env)' },
    changes: replaced('compose.yaml', ',beta=http://beta:9090', ''),
  }),
)

test(
  'a listed instance that is not there makes exactly its items fail [check/instances/listed]',
  breaks({
    fails: {
      'instances/listed': 'INSTANCES (compose.yaml:18) lists gamma, which no folder or service is',
    },
    changes: replaced('compose.yaml', ',beta=', ',gamma=http://gamma:9090,beta='),
  }),
)

test(
  'two instances on one token makes exactly its items fail [check/instances/unique-token]',
  breaks({
    fails: {
      'instances/unique-token':
        'DISCORD_TOKEN (instances/alpha/.env:1) and DISCORD_TOKEN (instances/beta/.env:1) are the same',
    },
    changes: replaced('instances/beta/.env', madeUp('beta bot'), madeUp('alpha bot')),
  }),
)

test(
  'two instances on one schema makes exactly its items fail [check/instances/unique-schema]',
  breaks({
    fails: {
      'instances/unique-schema':
        'DB_SCHEMA (instances/alpha/.env:2) and DB_SCHEMA (instances/beta/.env:2) are the same',
    },
    changes: replaced('instances/beta/.env', 'DB_SCHEMA=beta', 'DB_SCHEMA=alpha'),
  }),
)

test(
  'two instances with one prefix in one guild makes exactly its items fail [check/instances/unique-prefix]',
  breaks({
    fails: {
      'instances/unique-prefix':
        'command_prefix (instances/alpha/config.toml:2) and command_prefix (instances/beta/config.toml:2) are the same',
    },
    changes: replaced('instances/beta/config.toml', '"?"', '"!"'),
  }),
)

test(
  'two instances at one address makes exactly its items fail [check/instances/unique-port]',
  breaks({
    fails: {
      'instances/unique-port':
        'INSTANCES (compose.yaml:18): alpha and other have the same host and port',
    },
    changes: replaced('compose.yaml', ',beta=', ',other=http://alpha:9090,beta='),
  }),
)

test(
  'two instances on one port of this host makes exactly its items fail [check/instances/unique-port]',
  breaks({
    fails: {
      'instances/unique-port':
        'MCP_PORT (instances/alpha/.env) and MCP_PORT (instances/beta/.env) are the same',
    },
    changes: {
      'compose.yaml': undefined,
      ...added('.env', 'INSTANCES=alpha=http://127.0.0.1:9091,beta=http://127.0.0.1:9092'),
    },
    given: { profile: 'local' },
  }),
)

test(
  'two services with one folder makes exactly its items fail [check/instances/own-folder]',
  breaks({
    fails: { 'instances/own-folder': 'alpha and beta are given the same instances/alpha/.env' },
    changes: {
      ...replaced('compose.yaml', 'instances/beta/.env', 'instances/alpha/.env'),
      'instances/beta/.env': undefined,
      'instances/beta/config.toml': undefined,
    },
  }),
)

test(
  'a readable file of a secret makes exactly its items fail [check/files/secret-modes]',
  breaks({
    fails: { 'files/secret-modes': 'secrets/db_password.txt has mode 644' },
    changes: {},
    also: (folder) => chmod(join(folder, 'secrets/db_password.txt'), 0o644),
  }),
)

test(
  'a file that everybody can change makes exactly its items fail [check/files/modes]',
  breaks({
    fails: { 'files/modes': 'sallyport.yaml (666) can be changed by everybody' },
    changes: {},
    also: (folder) => chmod(join(folder, 'sallyport.yaml'), 0o666),
  }),
)

test(
  'a shell history makes exactly its items fail [check/files/no-transcripts]',
  breaks({
    fails: { 'files/no-transcripts': 'home/.bash_history is a shell history' },
    changes: { 'home/.bash_history': 'docker compose up -d\n' },
  }),
)

test(
  'a snapshot of a shell makes exactly its items fail [check/files/no-transcripts]',
  breaks({
    fails: { 'files/no-transcripts': 'what a shell had as variables' },
    changes: { '.tool/shell-snapshots/snapshot-bash-1.sh': 'export A=1\n' },
  }),
)

test(
  'a transcript of a session makes exactly its items fail [check/files/no-transcripts]',
  breaks({
    fails: { 'files/no-transcripts': 'notes/8f2a.jsonl is a transcript' },
    changes: { 'notes/8f2a.jsonl': '{"message":{"role":"user","content":"deploy it"}}\n' },
  }),
)

test(
  'an environment file in git makes exactly its items fail [check/git/env-untracked]',
  breaks({
    fails: { 'git/env-untracked': 'instances/alpha/.env.local is tracked by git' },
    changes: { 'instances/alpha/.env.local': 'TZ=UTC\n' },
    also: (folder) => git(folder, 'add', '-f', 'instances/alpha/.env.local'),
  }),
)

test(
  'a secret in a commit that was undone makes exactly its items fail [check/git/history-clean]',
  breaks({
    fails: { 'git/history-clean': 'the value of JWT_SECRET (.env:7) was committed in' },
    changes: {},
    also: async (folder) => {
      await git(folder, 'switch', '-q', '-c', 'side')
      await appendFile(join(folder, 'compose.yaml'), `# ${madeUp('jwt')}\n`)
      await git(folder, 'commit', '-q', '-am', 'Try')
      await git(folder, 'switch', '-q', 'main')
    },
  }),
)

test(
  'a password in the environment of a compose file that is committed makes exactly its items fail [check/git/history-clean]',
  breaks({
    fails: {
      'git/history-clean': 'the value of BROKER_PASSWORD (compose.yaml:6) was committed in',
    },
    changes: replaced(
      'compose.yaml',
      'POSTGRES_USER: sallyport',
      `BROKER_PASSWORD: ${madeUp('broker')}`,
    ),
    also: (folder) => git(folder, 'commit', '-q', '-am', 'Wire it'),
  }),
)

test(
  'an environment file in an older commit makes exactly its items fail [check/git/history-clean]',
  breaks({
    fails: { 'git/history-clean': 'bots/old/.env.prod was committed with API_TOKEN in' },
    changes: {},
    also: async (folder) => {
      await mkdir(join(folder, 'bots/old'), { recursive: true })
      await writeFile(join(folder, 'bots/old/.env.prod'), `API_TOKEN=${madeUp('older')}\n`)
      await git(folder, 'switch', '-q', '-c', 'side')
      await git(folder, 'add', '-f', 'bots/old/.env.prod')
      await git(folder, 'commit', '-q', '-m', 'Add')
      await git(folder, 'rm', '-q', 'bots/old/.env.prod')
      await git(folder, 'commit', '-q', '-m', 'Remove')
      await git(folder, 'switch', '-q', 'main')
      await git(folder, 'merge', '-q', '--no-ff', 'side', '-m', 'Merge')
      await git(folder, 'branch', '-q', '-D', 'side')
    },
  }),
)

test(
  'a folder of secrets that git does not ignore makes exactly its items fail [check/git/secrets-ignored]',
  breaks({
    fails: { 'git/secrets-ignored': 'git does not ignore secrets/db_password.txt' },
    changes: {},
    also: (folder) => writeFile(join(folder, '.gitignore'), '.env\n.env.*\n'),
  }),
)

test(
  'a server of no version makes exactly its items fail [check/supply/lockfile]',
  breaks({
    fails: {
      'supply/lockfile':
        'mcpServers.files takes whatever version of @modelcontextprotocol/server-filesystem',
    },
    changes: replaced('sallyport.yaml', '@2026.8.31', ''),
  }),
)

test(
  'a critical finding makes exactly its items fail [check/supply/scan]',
  breaks({
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
  }),
)

test(
  'a scan of another version makes exactly its items fail [check/supply/scan]',
  breaks({
    fails: { 'supply/scan': 'scans/bot.json is of bot:1.3.9, and alpha (compose.yaml:' },
    changes: { 'scans/bot.json': scanOf('bot:1.3.9') },
  }),
)

test(
  'no image to go back to makes exactly its items fail [check/supply/previous-image]',
  breaks({
    fails: { 'supply/previous-image': 'only one image of gateway is on this host' },
    changes: {},
    images: ['bot:1.4.0', 'bot:1.3.9', 'gateway:1.0.0'],
  }),
)

test(
  'an open address without a token makes exactly its items fail [check/instances/backend-auth]',
  breaks({
    fails: {
      'instances/backend-auth':
        'MCP_BIND_ADDR (instances/beta/.env:5) is no loopback address, and MCP_AUTH_TOKEN is not set',
    },
    changes: replaced('instances/beta/.env', /MCP_AUTH_TOKEN=.*/, 'MCP_AUTH_TOKEN=   # later'),
  }),
)

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
