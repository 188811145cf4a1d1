import { expect, test } from 'vitest'
import { GOOD_FILES, goodDeployment, madeUp, placeOf } from '../../test/fixtures/good-deployment.ts'
import { look } from '../../test/fixtures/deployment.ts'
import type { Deployment } from '../deployment.ts'
import type { Finding } from './answer.ts'
import { CONFIGURATION } from './configuration.ts'

type Changes = Readonly<Record<string, string | undefined>>

interface Judged {
  readonly findings: ReadonlyMap<string, Finding>
  readonly failed: readonly string[]
}

/** Every probe of the family, looking at the good deployment with some files changed. */
async function judge(
  changes: Changes,
  given: Partial<Deployment> = {},
  also: (folder: string) => Promise<void> = async () => {},
): Promise<Judged> {
  await using place = await placeOf(changes)
  await also(place.folder)
  const deployment = await goodDeployment(place, given)
  const findings = new Map<string, Finding>()
  for (const [id, probe] of Object.entries(CONFIGURATION)) {
    findings.set(id, await look(probe, deployment))
  }
  const failed = [...findings].flatMap(([id, { state }]) => (state === 'failed' ? [id] : []))
  return { findings, failed }
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

interface Break {
  /** What fails, and a part of what is said of it. */
  readonly fails: Readonly<Record<string, string>>
  readonly changes: Changes
  readonly given?: Partial<Deployment>
  readonly also?: (folder: string) => Promise<void>
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
  'an open address without a token [check/instances/backend-auth]': {
    fails: {
      'instances/backend-auth':
        'MCP_BIND_ADDR (instances/beta/.env:5) is no loopback address, and MCP_AUTH_TOKEN is not set',
    },
    changes: text('instances/beta/.env', /MCP_AUTH_TOKEN=.*/, 'MCP_AUTH_TOKEN=   # later'),
  },
}

test.each(Object.entries(BREAKS))('%s makes exactly its items fail', async (_name, one) => {
  const { findings, failed } = await judge(one.changes, one.given, one.also)
  expect(failed.toSorted()).toEqual(Object.keys(one.fails).toSorted())
  for (const [id, part] of Object.entries(one.fails)) {
    const said = findings
      .get(id)
      ?.evidence.map((seen) => seen.text)
      .join('\n')
    expect(said).toContain(part)
  }
})
