import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ManualClock } from '@sallyport/kit/clock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { look, Place } from '../../test/fixtures/deployment.ts'
import {
  added,
  type Changes,
  ConfigurationBench,
  replaced,
  type Turn,
} from '../../test/fixtures/configuration-bench.ts'
import {
  git,
  goodDeployment,
  GOOD_FILES,
  madeUp,
  placeOf,
  scanOf,
} from '../../test/fixtures/good-deployment.ts'
import { CONFIGURATION } from './configuration.ts'

let bench: ConfigurationBench
beforeAll(async () => {
  bench = await ConfigurationBench.make()
})
afterAll(() => bench[Symbol.asyncDispose]())

type Harmless = readonly [what: string, changes: Changes, turn?: Turn]

const HARMLESS: readonly Harmless[] = [
  [
    'values that only look like secrets',
    added(
      '.env',
      [
        'SESSION_SECRET=${JWT_SECRET}',
        'SIGNING_PUBLIC_KEY=MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE',
        'API_KEY_ID=4711',
        'ADMIN_PASSWORD_FILE=/run/secrets/admin',
        'TOKEN_URL=https://login.sallyport.test/token',
        'USER_PASSWORD="$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b27Kw"',
        'REQUIRE_TOKEN=true',
        'MAX_COMPLETION_TOKENS=8192',
        'TLS_SECRET_KEY=./certs/server.key',
      ].join('\n'),
    ),
  ],
  [
    'values that only look like placeholders',
    added(
      '.env',
      [
        'BOT_STATUS="Watching your-server and your todo list"',
        'APP_NAME=todo-list',
        'GREETING="for example: hello <name>"',
        'HELP_URL=https://exampleworks.sallyport.test/here-we-go',
        'SIZE=xxl',
      ].join('\n'),
    ),
  ],
  [
    'one token by two names at its two ends',
    {
      ...added('.env', `BACKEND_API_TOKEN=${madeUp('two ends')}`),
      'slack/.env': `AFFINITYBOTS_MCP_API_KEY=${madeUp('two ends')}\n`,
    },
    { also: (folder) => chmod(join(folder, 'slack/.env'), 0o600) },
  ],
  [
    'a bot on loopback without a token',
    {
      'instances/alpha/.env': (GOOD_FILES['instances/alpha/.env'] ?? '')
        .replace('0.0.0.0', '127.0.0.1')
        .replace(/MCP_AUTH_TOKEN=.*/, 'MCP_AUTH_TOKEN=   # optional on loopback'),
    },
  ],
  [
    'one prefix in two guilds',
    {
      ...replaced('instances/beta/config.toml', '"?"', '"!"'),
      ...replaced('instances/beta/.env', '10020030040050060', '99920030040050060'),
    },
  ],
  [
    'one schema name in two databases',
    {
      'instances/beta/.env': (GOOD_FILES['instances/beta/.env'] ?? '')
        .replace('DB_SCHEMA=beta', 'DB_SCHEMA=alpha')
        .replace('5432/bots', '5432/other'),
    },
  ],
  [
    'sources in a folder called secrets',
    {
      'src/secrets/erase.ts': 'export const erase = 1\n',
      'src/secrets/notes.txt': 'one\ntwo\n',
      'src/secrets/README': 'how\n',
    },
  ],
  [
    'a service that migrates what another runs',
    replaced(
      'compose.yaml',
      '  beta:\n',
      '  alpha-migrate:\n    image: bot:1.4.0\n    command: [migrate]\n    env_file: instances/alpha/.env\n  beta:\n',
    ),
  ],
  ['an address that all instances share', added('.env', 'MCP_BIND_ADDR=0.0.0.0')],
  [
    'instances that the configuration lists by their ports',
    {
      'compose.yaml': (GOOD_FILES['compose.yaml'] ?? '')
        .replace(/ {6}INSTANCES.*\n/, '')
        .replace('  beta:\n', '    ports: ["127.0.0.1:9091:9090"]\n  beta:\n'),
      'sallyport.yaml': (GOOD_FILES['sallyport.yaml'] ?? '').replace('  alpha:', '  one:'),
    },
  ],
  ['data in lines of JSON', { 'exports/calls.jsonl': '{"tool":"search","outcome":"ok"}\n' }],
  ['a source that is called core', { 'src/core': '#!/bin/sh\n' }],
  ['an empty history', { '.bash_history': '' }],
  [
    'a key that the proxy names',
    {
      'certs/gateway.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      Caddyfile: 'mcp.sallyport.test {\n  tls certs/gateway.pem certs/gateway.key\n}\n',
      '.gitignore': `${GOOD_FILES['.gitignore']}*.key\n`,
    },
    { also: (folder) => chmod(join(folder, 'certs/gateway.key'), 0o600) },
  ],
  [
    'a certificate in git',
    { 'certs/ca.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    {
      also: async (folder) => {
        await git(folder, 'add', '-A')
        await git(folder, 'commit', '-q', '-m', 'Trust it')
      },
    },
  ],
  [
    'an environment file of templates in an older commit',
    { 'old/.env': 'API_TOKEN=your-token-here\nDB_PASSWORD=\n' },
    {
      also: async (folder) => {
        await git(folder, 'add', '-f', 'old/.env')
        await git(folder, 'commit', '-q', '-m', 'Add')
        await git(folder, 'rm', '-q', 'old/.env')
        await git(folder, 'commit', '-q', '-m', 'Remove')
      },
    },
  ],
  [
    'a folder for everybody, as /tmp is',
    {},
    {
      also: async (folder) => {
        await mkdir(join(folder, 'tmp'))
        await chmod(join(folder, 'tmp'), 0o1777)
      },
    },
  ],
  [
    'a link to what is not there',
    {},
    { also: (folder) => symlink('nowhere', join(folder, 'link')) },
  ],
  [
    'a package that a lockfile pins',
    {
      ...replaced('sallyport.yaml', '@2026.8.31', ''),
      'package-lock.json': '{}\n',
      'node_modules/@modelcontextprotocol/server-filesystem/package.json': '{}\n',
    },
  ],
  ['a finding that is low', { 'scans/bot.json': scanOf('docker.io/library/bot:1.4.0') }],
  [
    'a deployment of development that logs everything',
    { '.env.development': 'MCP_LOG_LEVEL=trace\nDEBUG_TOKEN=changeme\n' },
  ],
]

const CASES = HARMLESS.map(([what, changes, turn]) => ({ what, changes, turn }))

test.each(CASES)('$what is no mistake', async ({ changes, turn }) => {
  const { findings, failed } = await bench.judge(changes, turn)
  expect(failed.map((id) => findings.get(id)?.evidence)).toEqual([])
})

test('a link to the folder of another instance is no folder of its own [check/instances/own-folder]', async () => {
  const { findings, failed } = await bench.judge(
    { 'instances/beta/config.toml': undefined },
    {
      also: (folder) => symlink('../alpha/config.toml', join(folder, 'instances/beta/config.toml')),
    },
  )
  expect(failed).toEqual(['instances/unique-prefix', 'instances/own-folder'])
  expect(findings.get('instances/own-folder')?.evidence[0]?.text).toBe(
    'alpha and beta share one config.toml',
  )
})

test('two instances that name no schema share the one there is [check/instances/unique-schema]', async () => {
  const { failed } = await bench.judge({
    ...replaced('instances/alpha/.env', /DB_SCHEMA=.*\n/, ''),
    ...replaced('instances/beta/.env', /DB_SCHEMA=.*\n/, ''),
  })
  expect(failed).toEqual(['instances/unique-schema'])
})

test('a file of Slack apps with secrets is for its owner alone [check/files/secret-modes]', async () => {
  const slack = '\nslack:\n  apps: apps.yaml\n'
  const configuration = `${GOOD_FILES['sallyport.yaml']}${slack}`
  const app = (secret: string) => `apps:\n  - clientId: '1.2'\n    clientSecret: ${secret}\n`
  const judge = async (secret: string) =>
    (await bench.judge({ 'sallyport.yaml': configuration, 'apps.yaml': app(secret) })).failed
  expect(await judge('${env:SLACK_CLIENT_SECRET}')).toEqual([])
  expect(await judge(madeUp('an app'))).toEqual(['files/secret-modes', 'git/secrets-ignored'])
})

test('in a cluster nothing is said of variables that are not in these files [check/env/complete]', async () => {
  const without = ['MCP_JSON_LOGS', 'MCP_GATEWAY_AUTH_TOKEN'].reduce(
    (text, name) => text.replace(new RegExp(`^${name}=.*\\n`, 'm'), ''),
    GOOD_FILES['.env'] ?? '',
  )
  const changes = { '.env': without, 'compose.yaml': undefined }
  const { findings, failed } = await bench.judge(
    { ...changes, ...replaced('sallyport.yaml', 'X-Team: operations', 'X-Team: ${env:TEAM}') },
    { given: { profile: 'kubernetes' } },
  )
  expect(failed).toEqual([])
  for (const id of ['env/complete', 'env/json-logs', 'secrets/strong', 'instances/listed']) {
    expect(findings.get(id)?.state).toBe('unproved')
  }
})

test('a secret that the platform lays down is not missed here [check/secrets/files]', async () => {
  const changes = replaced('sallyport.yaml', '${file:secrets/claude_token.txt}', '${secret:claude}')
  await using credentials = await Place.make({ 'others/claude': madeUp('claude') })
  const judge = async (folder: string) => {
    const variables = { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: folder }
    const { findings, failed } = await bench.judge(changes, { given: { variables } })
    expect(failed).not.toContain('secrets/files')
    expect(failed).not.toContain('files/secret-modes')
    return findings.get('secrets/files')?.state
  }
  expect(await judge(join(credentials.folder, 'gone'))).toBe('unproved')
  expect(await judge(join(credentials.folder, 'others'))).toBe('proved')
})

test('what units and compose files name is read as well [check/env/log-level]', async () => {
  const unit = (folder: string) => `[Service]
Environment=MCP_JSON_LOGS=true "RUST_LOG=info" 'MCP_LOG_LEVEL=trace'
EnvironmentFile=-/nowhere/gateway.env
EnvironmentFile=${folder}/gateway.conf
`
  const { findings, failed } = await bench.judge(
    { ...replaced('compose.yaml', 'instances/beta/.env', '[instances/beta/.env, bot.conf]') },
    {
      also: async (folder) => {
        await writeFile(join(folder, 'gateway.conf'), 'SESSION_SECRET=secret\n', { mode: 0o600 })
        await writeFile(join(folder, 'bot.conf'), 'LOG_LEVEL=debug\n')
        await writeFile(join(folder, 'sallyport.service'), unit(folder))
        await writeFile(join(folder, '.gitignore'), `${GOOD_FILES['.gitignore']}*.conf\n`)
      },
    },
  )
  expect(failed).toEqual(['env/log-level', 'secrets/strong', 'secrets/no-defaults'])
  expect(findings.get('env/log-level')?.evidence.map(({ text }) => text)).toEqual([
    'LOG_LEVEL (bot.conf:1) asks for `debug`',
    'MCP_LOG_LEVEL (sallyport.service:2) asks for `trace`',
  ])
  expect(findings.get('secrets/no-defaults')?.evidence[0]?.text).toMatch(
    /^SESSION_SECRET \(gateway\.conf:1\) is a default/,
  )
})

test('secrets are compared with another folder, and equal ones fail [check/secrets/not-shared]', async () => {
  await using same = await placeOf()
  const differently = { '.env': `JWT_SECRET=${madeUp('staging')}\n` }
  await using other = await Place.make(differently)
  await using empty = await Place.make()
  const probe = CONFIGURATION['secrets/not-shared']
  const against = async (folder: string) => {
    await using place = await placeOf()
    const { state, evidence } = await look(probe, await goodDeployment(place, { against: folder }))
    return `${state}: ${evidence.map(({ text }) => text).join('\n')}`
  }
  expect(await against(same.folder)).toContain(
    '\nFINNHUB_API_KEY (.env:10) has the value of FINNHUB_API_KEY (.env:10) in the other',
  )
  expect(await against(other.folder)).toMatch(/^proved: \d+ secrets were compared with 1 of /)
  expect(await against(empty.folder)).toMatch(/^unproved: no secret was found in /)
})

test('a folder that is not under git asks nothing of git [check/git/env-untracked]', async () => {
  const { findings } = await bench.judge(
    {},
    { also: (folder) => rm(join(folder, '.git'), { recursive: true }) },
  )
  const ids = ['git/env-untracked', 'git/history-clean', 'git/secrets-ignored']
  for (const id of ids) {
    expect(findings.get(id)).toMatchObject({
      state: 'not_applicable',
      evidence: [{ text: 'no folder of this deployment, nor one above it, is under git' }],
    })
  }
})

test('a clone without older commits proves nothing of them [check/git/history-clean]', async () => {
  const { findings } = await bench.judge(
    {},
    {
      also: async (folder) => {
        await git(folder, 'commit', '-q', '--allow-empty', '-m', 'Second')
        await rm(join(folder, '.git/shallow'), { force: true })
        await git(folder, 'fetch', '-q', '--depth', '1', `file://${folder}`, 'main')
      },
    },
  )
  expect(findings.get('git/history-clean')).toMatchObject({
    state: 'unproved',
    remedy: 'run `git fetch --unshallow`',
  })
})

test('versions that nobody changed for months are unproved [check/supply/dependencies]', async () => {
  const good = await bench.judge({})
  expect(good.findings.get('supply/dependencies')?.evidence[0]?.text).toMatch(
    /^files with versions were last changed in [0-9a-f]+, 3 days ago$/,
  )
  const clock = new ManualClock(Date.parse('2027-02-01T00:00:00Z'))
  const { findings } = await bench.judge({}, { given: { clock } })
  expect(findings.get('supply/dependencies')).toMatchObject({
    state: 'unproved',
    evidence: [{ text: expect.stringContaining(', 74 days ago') }],
  })
})

test('a stale scan, and an image without one, are unproved [check/supply/scan]', async () => {
  const stale = scanOf('bot:1.4.0', { CreatedAt: '2026-09-01T00:00:00Z' })
  const old = await bench.judge({ 'scans/bot.json': stale })
  expect(old.findings.get('supply/scan')).toMatchObject({
    state: 'unproved',
    evidence: [{ text: 'scans/bot.json is 81 days old' }],
  })
  const without = replaced('sallyport.yaml', 'scans/bot.json, ', '')
  const less = await bench.judge(without)
  expect(less.findings.get('supply/scan')?.evidence[0]?.text).toBe(
    'no result in `checklist.scans` is of bot:1.4.0',
  )
  const odd = await bench.judge({ 'scans/bot.json': '{"hello": 1}' })
  expect(odd.findings.get('supply/scan')?.evidence[0]?.text).toMatch(
    /^scans\/bot\.json is no result/,
  )
})

test('an environment file that is not there leaves secrets unproved [check/secrets/strong]', async () => {
  const named = `${GOOD_FILES['sallyport.yaml']}  environmentFiles: [.env, gone.env]\n`
  const { findings, failed } = await bench.judge({ 'sallyport.yaml': named })
  expect(failed).not.toContain('secrets/strong')
  for (const id of ['secrets/strong', 'secrets/no-defaults', 'secrets/unique', 'env/log-level']) {
    expect(findings.get(id)).toMatchObject({
      state: 'unproved',
      evidence: [{ text: 'gone.env is not there' }],
    })
  }
})

test('a broken configuration leaves unproved what it would have said [check/config/valid]', async () => {
  await using place = await Place.make({ 'sallyport.yaml': 'a: [' })
  const problem = {
    severity: 'error',
    file: 'sallyport.yaml',
    line: 1,
    column: 4,
    path: '',
  } as const
  const deployment = await goodDeployment(await placeOf(), {
    ...{ folder: place.folder, file: join(place.folder, 'sallyport.yaml') },
    ...{ config: undefined, source: {}, variables: { PATH: '/nowhere' } },
    problems: [{ ...problem, message: 'a bracket before this is not closed', remedy: 'close it' }],
  })
  const states: Record<string, string> = {}
  for (const [id, probe] of Object.entries(CONFIGURATION)) {
    const { state } = await look(probe, deployment)
    if (!/^(?:git|files)\//.test(id)) states[id] = state
  }
  expect(Object.entries(states).filter(([, state]) => state === 'proved')).toEqual([])
  expect(states['config/valid']).toBe('failed')
})

test('a file that can be read by nobody here is told, and nothing is proved [check/files/secret-modes]', async () => {
  const { findings } = await bench.judge(
    {},
    {
      also: async (folder) => {
        await rm(join(folder, 'instances/beta/.env'))
        await mkdir(join(folder, 'instances/beta/.env.local'))
        await writeFile(join(folder, 'instances/beta/.env'), Buffer.alloc(1_100_000, 'A'))
      },
    },
  )
  expect(findings.get('files/secret-modes')).toMatchObject({
    state: 'unproved',
    evidence: [{ text: 'instances/beta/.env is larger than 1048576 bytes' }],
  })
})
