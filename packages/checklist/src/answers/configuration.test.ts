import { constants } from 'node:fs'
import { appendFile, chmod, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  applyTo,
  commitAll,
  dockerWith,
  git,
  GOOD_FILES,
  goodDeployment,
  madeUp,
  placeOf,
  scanOf,
} from '../../test/fixtures/good-deployment.ts'
import { look, Place } from '../../test/fixtures/deployment.ts'
import type { Deployment } from '../deployment.ts'
import type { Finding } from './answer.ts'
import { CONFIGURATION } from './configuration.ts'

type Changes = Readonly<Record<string, string | undefined>>

interface Judged {
  readonly findings: ReadonlyMap<string, Finding>
  readonly failed: readonly string[]
}

interface Turn {
  readonly given?: Partial<Deployment>
  /** Images that docker has. */
  readonly images?: readonly string[]
  /** Changes that are not committed with the others. */
  readonly also?: (folder: string) => Promise<unknown>
}

let good: Place
let docker: Place

beforeAll(async () => {
  good = await placeOf()
  await commitAll(good.folder)
  docker = await dockerWith()
})

afterAll(async () => {
  await good[Symbol.asyncDispose]()
  await docker[Symbol.asyncDispose]()
})

/** Every probe of the family, looking at the good deployment, which is committed, with some files changed. */
async function judge(changes: Changes, { given, images, also }: Turn = {}): Promise<Judged> {
  await using place = await Place.make()
  await cp(good.folder, place.folder, { recursive: true, mode: constants.COPYFILE_FICLONE })
  await applyTo(place, changes)
  await using other = images && (await dockerWith(images))
  await also?.(place.folder)
  const { folder } = other ?? docker
  const variables = { PATH: `${folder}:${process.env.PATH}`, HOME: place.folder }
  const deployment = await goodDeployment(place, { variables, ...given })
  const looks = Object.entries(CONFIGURATION).map(
    async ([id, probe]) => [id, await look(probe, deployment)] as const,
  )
  const findings = new Map(await Promise.all(looks))
  const failed = [...findings].flatMap(([id, { state }]) => (state === 'failed' ? [id] : []))
  return { findings, failed }
}

const SECRETS = [
  'instances',
  'store',
  'jwt',
  'slack',
  'database',
  'claude',
  'alpha bot',
  'beta bot',
]

function secretsIn(findings: ReadonlyMap<string, Finding>): string[] {
  const said = JSON.stringify([...findings])
  return SECRETS.filter((word) => said.includes(madeUp(word).slice(0, 16)))
}

function text(path: string, from: string | RegExp, to: string): Changes {
  const before = GOOD_FILES[path] ?? ''
  const after = before.replace(from, to)
  if (after === before) throw new Error(`nothing to replace in ${path}`)
  return { [path]: after }
}

function added(path: string, line: string): Changes {
  return { [path]: `${GOOD_FILES[path] ?? ''}${line}\n` }
}

const NOT_PROVED = {
  'secrets/not-shared': 'unproved',
  'instances/unique-port': 'not_applicable',
}

test('a good deployment fails nothing, and all but what needs another folder is proved', async () => {
  const { findings } = await judge({})
  const states = [...findings].filter(([, { state }]) => state !== 'proved')
  expect(Object.fromEntries(states.map(([id, { state }]) => [id, state]))).toEqual(NOT_PROVED)
})

interface Break extends Turn {
  /** What fails, and a part of what is said of it. */
  readonly fails: Readonly<Record<string, string>>
  readonly changes: Changes
}

const fault = (message: string) => ({
  ...({ severity: 'error', file: 'sallyport.yaml', line: 3, column: 1, path: 'auht' } as const),
  ...{ message, remedy: 'rename it to `auth`' },
})

const BREAKS: Readonly<Record<string, Break>> = {
  'an error of the configuration [check/config/valid]': {
    fails: { 'config/valid': 'sallyport.yaml:3:1 auht: the text is too long' },
    changes: {},
    given: { problems: [fault('the text is too long')] },
  },
  'a misspelt key [check/config/unknown-keys]': {
    fails: { 'config/valid': 'unknown key', 'config/unknown-keys': 'sallyport.yaml:3:1' },
    changes: {},
    given: { problems: [fault('unknown key `auht`, did you mean `auth`?')] },
  },
  'a deployment that calls itself local [check/config/environments]': {
    fails: { 'config/environments': 'runs as `local`, although it is deployed with compose' },
    changes: {
      ...text('sallyport.yaml', 'environment: production\n', ''),
      'sallyport.production.yaml': undefined,
    },
  },
  'a token in the file [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references':
        'auth.tokens[0].value (sallyport.yaml:7) holds a text of 64 characters',
    },
    changes: text('sallyport.yaml', '${file:secrets/claude_token.txt}', madeUp('in the file')),
  },
  'a bearer token in a header [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references': 'mcpServers.alpha.headers.Authorization (sallyport.yaml:15)',
    },
    changes: text(
      'sallyport.yaml',
      'Bearer ${env:MCP_AUTH_TOKEN}\n      X',
      `Bearer ${madeUp('other')}\n      X`,
    ),
  },
  'a secret as the default of a reference [check/config/secrets-are-references]': {
    fails: { 'config/secrets-are-references': 'a secret as the default of a reference' },
    changes: text(
      'sallyport.yaml',
      '${file:secrets/claude_token.txt}',
      `\${env:CLAUDE:-${madeUp('in the file')}}`,
    ),
  },
  'a token among the arguments of a server [check/config/secrets-are-references]': {
    fails: { 'config/secrets-are-references': 'mcpServers.files.args[3] (sallyport.yaml:' },
    changes: text('sallyport.yaml', '/srv/files]', `--token, ${madeUp('argument').slice(0, 40)}]`),
  },
  'a database password in the store [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references': 'store (sallyport.yaml:2) holds a URL with a password',
    },
    changes: text(
      'sallyport.yaml',
      'environment:',
      'store: postgres://sallyport:Ahgoh3eiShei7aeth@db/s\nenvironment:',
    ),
  },
  'a variable that is set nowhere [check/env/complete]': {
    fails: {
      'env/complete': 'MCP_GATEWAY_AUTH_TOKEN, which compose.yaml:19 refers to, is set nowhere',
      'secrets/gateway-token': 'MCP_GATEWAY_AUTH_TOKEN is set nowhere',
    },
    changes: text('.env', /MCP_GATEWAY_AUTH_TOKEN=.*\n/, ''),
  },
  'a variable that is set to nothing [check/env/complete]': {
    fails: {
      'env/complete':
        'NEEDED, which mcpServers.alpha.headers.X-Team (sallyport.yaml:16) refers to, is set to nothing',
    },
    changes: {
      ...text('sallyport.yaml', 'X-Team: operations', 'X-Team: ${env:NEEDED}'),
      ...added('.env', 'NEEDED=   # later'),
    },
  },
  'a placeholder [check/env/no-placeholders]': {
    fails: { 'env/no-placeholders': 'SLACK_REDIRECT_URI (.env:17) still has a placeholder' },
    changes: added('.env', 'SLACK_REDIRECT_URI=https://your-domain.com/slack/oauth/callback'),
  },
  'a command where a value belongs [check/env/no-placeholders]': {
    fails: {
      'env/no-placeholders': 'SESSION_SECRET (.env:17) holds a command, which nothing runs there',
      'secrets/strong': 'SESSION_SECRET (.env:17) is shorter',
    },
    changes: added('.env', 'SESSION_SECRET=$(openssl rand -hex 32)  # required'),
  },
  'a misspelt variable [check/env/unknown]': {
    fails: {
      'env/unknown':
        'SALLYPORT_MASTERKEY (.env:6) is read by nothing: did you mean SALLYPORT_MASTER_KEY?',
    },
    changes: text('.env', 'SALLYPORT_MASTER_KEY', 'SALLYPORT_MASTERKEY'),
  },
  'a level of debug [check/env/log-level]': {
    fails: { 'env/log-level': 'MCP_LOG_LEVEL (.env:4) asks for `debug`' },
    changes: text('.env', 'MCP_LOG_LEVEL=info', 'MCP_LOG_LEVEL=debug'),
  },
  'a module at trace [check/env/log-level]': {
    fails: { 'env/log-level': 'RUST_LOG (instances/beta/.env:7) asks for `trace`' },
    changes: text('instances/beta/.env', 'serenity=warn', 'serenity=trace'),
  },
  'logs for people [check/env/json-logs]': {
    fails: { 'env/json-logs': 'MCP_JSON_LOGS (.env:5) does not say `true`' },
    changes: text('.env', 'JSON_LOGS=true', 'JSON_LOGS=false'),
  },
  'a switch that compose does not pass on [check/env/json-logs]': {
    fails: { 'env/json-logs': 'compose does not pass it to gateway (compose.yaml:17)' },
    changes: text('compose.yaml', /.*MCP_JSON_LOGS.*\n/, ''),
  },
  'a short JWT secret [check/secrets/strong]': {
    fails: { 'secrets/strong': 'JWT_SECRET (.env:7) is shorter than 32 characters (20)' },
    changes: text('.env', /JWT_SECRET=.*/, 'JWT_SECRET=phei8Ohsh4eeGh9aiD0u'),
  },
  'a default JWT secret [check/secrets/no-defaults]': {
    fails: {
      'secrets/no-defaults': 'JWT_SECRET (.env:7) is a default',
      'secrets/strong': 'JWT_SECRET (.env:7)',
    },
    changes: text('.env', /JWT_SECRET=.*/, 'JWT_SECRET=super-secret'),
  },
  'the password that the bot is shipped with [check/secrets/no-defaults]': {
    fails: {
      'secrets/no-defaults': 'BOT_DB_PASSWORD (compose.yaml:6) is a default',
      'secrets/strong': 'BOT_DB_PASSWORD',
    },
    changes: text('compose.yaml', 'POSTGRES_USER: sallyport', 'BOT_DB_PASSWORD: discord_bot_pass'),
  },
  'one value for two purposes [check/secrets/unique]': {
    fails: {
      'secrets/unique': 'JWT_SECRET (.env:7) and SESSION_SECRET (.env:17) hold the same value',
    },
    changes: added('.env', `SESSION_SECRET=${madeUp('jwt')}`),
  },
  'a secret of another environment beside it [check/secrets/not-shared]': {
    fails: {
      'secrets/not-shared': 'JWT_SECRET (.env:7) has the value of JWT_SECRET (.env.development:1)',
    },
    changes: { '.env.development': `JWT_SECRET=${madeUp('jwt')}\n` },
  },
  'a missing file of a secret [check/secrets/files]': {
    fails: {
      'secrets/files':
        'secrets/db_password.txt, which db_password (compose.yaml:23) names, is not there',
    },
    changes: { 'secrets/db_password.txt': undefined },
  },
  'an empty file of a secret [check/secrets/files]': {
    fails: { 'secrets/files': 'which ${file:secrets/claude_token.txt} names, is empty' },
    changes: { 'secrets/claude_token.txt': '\n' },
  },
  'a file of two secrets [check/secrets/files]': {
    fails: { 'secrets/files': 'holds several lines' },
    changes: added('secrets/claude_token.txt', madeUp('another')),
  },
  'a token of 16 bytes [check/secrets/gateway-token]': {
    fails: {
      'secrets/gateway-token': 'MCP_GATEWAY_AUTH_TOKEN (.env:2) holds 16 random bytes at most',
    },
    changes: Object.fromEntries(
      ['.env', 'instances/alpha/.env', 'instances/beta/.env'].map((path) => [
        path,
        (GOOD_FILES[path] ?? '').replaceAll(madeUp('instances'), madeUp('instances').slice(0, 32)),
      ]),
    ),
  },
  'an instance with another token [check/secrets/gateway-token]': {
    fails: {
      'secrets/gateway-token':
        'MCP_AUTH_TOKEN (instances/beta/.env:6) is not the MCP_GATEWAY_AUTH_TOKEN (.env:2)',
    },
    changes: text('instances/beta/.env', madeUp('instances'), madeUp('stale')),
  },
  'an instance that the gateway does not list [check/instances/listed]': {
    fails: { 'instances/listed': 'INSTANCES (compose.yaml:18) lacks beta (instances/beta/.env)' },
    changes: text('compose.yaml', ',beta=http://beta:9090', ''),
  },
  'a listed instance that is not there [check/instances/listed]': {
    fails: {
      'instances/listed': 'INSTANCES (compose.yaml:18) lists gamma, which no folder or service is',
    },
    changes: text('compose.yaml', ',beta=', ',gamma=http://gamma:9090,beta='),
  },
  'two instances on one token [check/instances/unique-token]': {
    fails: {
      'instances/unique-token':
        'DISCORD_TOKEN (instances/alpha/.env:1) and DISCORD_TOKEN (instances/beta/.env:1) are the same',
    },
    changes: text('instances/beta/.env', madeUp('beta bot'), madeUp('alpha bot')),
  },
  'two instances on one schema [check/instances/unique-schema]': {
    fails: {
      'instances/unique-schema':
        'DB_SCHEMA (instances/alpha/.env:2) and DB_SCHEMA (instances/beta/.env:2) are the same',
    },
    changes: text('instances/beta/.env', 'DB_SCHEMA=beta', 'DB_SCHEMA=alpha'),
  },
  'two instances with one prefix in one guild [check/instances/unique-prefix]': {
    fails: {
      'instances/unique-prefix':
        'command_prefix (instances/alpha/config.toml:2) and command_prefix (instances/beta/config.toml:2) are the same',
    },
    changes: text('instances/beta/config.toml', '"?"', '"!"'),
  },
  'two instances at one address [check/instances/unique-port]': {
    fails: {
      'instances/unique-port':
        'INSTANCES (compose.yaml:18): alpha and other have the same host and port',
    },
    changes: text('compose.yaml', ',beta=', ',other=http://alpha:9090,beta='),
  },
  'two services with one folder [check/instances/own-folder]': {
    fails: { 'instances/own-folder': 'alpha and beta are given the same instances/alpha/.env' },
    changes: {
      ...text('compose.yaml', 'instances/beta/.env', 'instances/alpha/.env'),
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
    changes: text('sallyport.yaml', '@2026.8.31', ''),
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
    changes: text('instances/beta/.env', /MCP_AUTH_TOKEN=.*/, 'MCP_AUTH_TOKEN=   # later'),
  },
}

test.each(Object.entries(BREAKS))('%s makes exactly its items fail', async (_name, one) => {
  const { findings, failed } = await judge(one.changes, one)
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
  const missing = await judge(
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
