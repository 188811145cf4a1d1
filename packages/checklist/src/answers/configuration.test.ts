import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  added,
  type Break,
  ConfigurationBench,
  replaced,
  secretsIn,
} from '../../test/fixtures/configuration-bench.ts'
import { GOOD_FILES, madeUp } from '../../test/fixtures/good-deployment.ts'

let bench: ConfigurationBench
beforeAll(async () => {
  bench = await ConfigurationBench.make()
})
afterAll(() => bench[Symbol.asyncDispose]())

const NOT_PROVED = {
  'secrets/not-shared': 'unproved',
  'instances/unique-port': 'not_applicable',
}

test('a good deployment fails nothing, and all but what needs another folder is proved', async () => {
  const { findings } = await bench.judge({})
  const states = [...findings].filter(([, { state }]) => state !== 'proved')
  expect(Object.fromEntries(states.map(([id, { state }]) => [id, state]))).toEqual(NOT_PROVED)
})

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
      ...replaced('sallyport.yaml', 'environment: production\n', ''),
      'sallyport.production.yaml': undefined,
    },
  },
  'a token in the file [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references':
        'auth.tokens[0].value (sallyport.yaml:7) holds a text of 64 characters',
    },
    changes: replaced('sallyport.yaml', '${file:secrets/claude_token.txt}', madeUp('in the file')),
  },
  'a bearer token in a header [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references': 'mcpServers.alpha.headers.Authorization (sallyport.yaml:15)',
    },
    changes: replaced(
      'sallyport.yaml',
      'Bearer ${env:MCP_AUTH_TOKEN}\n      X',
      `Bearer ${madeUp('other')}\n      X`,
    ),
  },
  'a secret as the default of a reference [check/config/secrets-are-references]': {
    fails: { 'config/secrets-are-references': 'a secret as the default of a reference' },
    changes: replaced(
      'sallyport.yaml',
      '${file:secrets/claude_token.txt}',
      `\${env:CLAUDE:-${madeUp('in the file')}}`,
    ),
  },
  'a token among the arguments of a server [check/config/secrets-are-references]': {
    fails: { 'config/secrets-are-references': 'mcpServers.files.args[3] (sallyport.yaml:' },
    changes: replaced(
      'sallyport.yaml',
      '/srv/files]',
      `--token, ${madeUp('argument').slice(0, 40)}]`,
    ),
  },
  'a database password in the store [check/config/secrets-are-references]': {
    fails: {
      'config/secrets-are-references': 'store (sallyport.yaml:2) holds a URL with a password',
    },
    changes: replaced(
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
    changes: replaced('.env', /MCP_GATEWAY_AUTH_TOKEN=.*\n/, ''),
  },
  'a variable that is set to nothing [check/env/complete]': {
    fails: {
      'env/complete':
        'NEEDED, which mcpServers.alpha.headers.X-Team (sallyport.yaml:16) refers to, is set to nothing',
    },
    changes: {
      ...replaced('sallyport.yaml', 'X-Team: operations', 'X-Team: ${env:NEEDED}'),
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
    changes: replaced('.env', 'SALLYPORT_MASTER_KEY', 'SALLYPORT_MASTERKEY'),
  },
  'a level of debug [check/env/log-level]': {
    fails: { 'env/log-level': 'MCP_LOG_LEVEL (.env:4) asks for `debug`' },
    changes: replaced('.env', 'MCP_LOG_LEVEL=info', 'MCP_LOG_LEVEL=debug'),
  },
  'a module at trace [check/env/log-level]': {
    fails: { 'env/log-level': 'RUST_LOG (instances/beta/.env:7) asks for `trace`' },
    changes: replaced('instances/beta/.env', 'serenity=warn', 'serenity=trace'),
  },
  'logs for people [check/env/json-logs]': {
    fails: { 'env/json-logs': 'MCP_JSON_LOGS (.env:5) does not say `true`' },
    changes: replaced('.env', 'JSON_LOGS=true', 'JSON_LOGS=false'),
  },
  'a switch that compose does not pass on [check/env/json-logs]': {
    fails: { 'env/json-logs': 'compose does not pass it to gateway (compose.yaml:17)' },
    changes: replaced('compose.yaml', /.*MCP_JSON_LOGS.*\n/, ''),
  },
  'a short JWT secret [check/secrets/strong]': {
    fails: { 'secrets/strong': 'JWT_SECRET (.env:7) is shorter than 32 characters (20)' },
    changes: replaced('.env', /JWT_SECRET=.*/, 'JWT_SECRET=phei8Ohsh4eeGh9aiD0u'),
  },
  'a default JWT secret [check/secrets/no-defaults]': {
    fails: {
      'secrets/no-defaults': 'JWT_SECRET (.env:7) is a default',
      'secrets/strong': 'JWT_SECRET (.env:7)',
    },
    changes: replaced('.env', /JWT_SECRET=.*/, 'JWT_SECRET=super-secret'),
  },
  'the password that the bot is shipped with [check/secrets/no-defaults]': {
    fails: {
      'secrets/no-defaults': 'BOT_DB_PASSWORD (compose.yaml:6) is a default',
      'secrets/strong': 'BOT_DB_PASSWORD',
    },
    changes: replaced(
      'compose.yaml',
      'POSTGRES_USER: sallyport',
      'BOT_DB_PASSWORD: discord_bot_pass',
    ),
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
    changes: replaced('instances/beta/.env', madeUp('instances'), madeUp('stale')),
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
