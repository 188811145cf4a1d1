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
  'an error of the configuration makes exactly its items fail [check/config/valid]',
  breaks({
    fails: { 'config/valid': 'sallyport.yaml:3:1 auht: the text is too long' },
    changes: {},
    given: { problems: [fault('the text is too long')] },
  }),
)

test(
  'a misspelt key makes exactly its items fail [check/config/unknown-keys]',
  breaks({
    fails: { 'config/valid': 'unknown key', 'config/unknown-keys': 'sallyport.yaml:3:1' },
    changes: {},
    given: { problems: [fault('unknown key `auht`, did you mean `auth`?')] },
  }),
)

test(
  'a deployment that calls itself local makes exactly its items fail [check/config/environments]',
  breaks({
    fails: { 'config/environments': 'runs as `local`, although it is deployed with compose' },
    changes: {
      ...replaced('sallyport.yaml', 'environment: production\n', ''),
      'sallyport.production.yaml': undefined,
    },
  }),
)

test(
  'a token in the file makes exactly its items fail [check/config/secrets-are-references]',
  breaks({
    fails: {
      'config/secrets-are-references':
        'auth.tokens[0].value (sallyport.yaml:7) holds a text of 64 characters',
    },
    changes: replaced('sallyport.yaml', '${file:secrets/claude_token.txt}', madeUp('in the file')),
  }),
)

test(
  'a bearer token in a header makes exactly its items fail [check/config/secrets-are-references]',
  breaks({
    fails: {
      'config/secrets-are-references': 'mcpServers.alpha.headers.Authorization (sallyport.yaml:15)',
    },
    changes: replaced(
      'sallyport.yaml',
      'Bearer ${env:MCP_AUTH_TOKEN}\n      X',
      `Bearer ${madeUp('other')}\n      X`,
    ),
  }),
)

test(
  'a secret as the default of a reference makes exactly its items fail [check/config/secrets-are-references]',
  breaks({
    fails: { 'config/secrets-are-references': 'a secret as the default of a reference' },
    changes: replaced(
      'sallyport.yaml',
      '${file:secrets/claude_token.txt}',
      `\${env:CLAUDE:-${madeUp('in the file')}}`,
    ),
  }),
)

test(
  'a token among the arguments of a server makes exactly its items fail [check/config/secrets-are-references]',
  breaks({
    fails: { 'config/secrets-are-references': 'mcpServers.files.args[3] (sallyport.yaml:' },
    changes: replaced(
      'sallyport.yaml',
      '/srv/files]',
      `--token, ${madeUp('argument').slice(0, 40)}]`,
    ),
  }),
)

test(
  'a database password in the store makes exactly its items fail [check/config/secrets-are-references]',
  breaks({
    fails: {
      'config/secrets-are-references': 'store (sallyport.yaml:2) holds a URL with a password',
    },
    changes: replaced(
      'sallyport.yaml',
      'environment:',
      'store: postgres://sallyport:Ahgoh3eiShei7aeth@db/s\nenvironment:',
    ),
  }),
)

test(
  'a variable that is set nowhere makes exactly its items fail [check/env/complete]',
  breaks({
    fails: {
      'env/complete': 'MCP_GATEWAY_AUTH_TOKEN, which compose.yaml:19 refers to, is set nowhere',
      'secrets/gateway-token': 'MCP_GATEWAY_AUTH_TOKEN is set nowhere',
    },
    changes: replaced('.env', /MCP_GATEWAY_AUTH_TOKEN=.*\n/, ''),
  }),
)

test(
  'a variable that is set to nothing makes exactly its items fail [check/env/complete]',
  breaks({
    fails: {
      'env/complete':
        'NEEDED, which mcpServers.alpha.headers.X-Team (sallyport.yaml:16) refers to, is set to nothing',
    },
    changes: {
      ...replaced('sallyport.yaml', 'X-Team: operations', 'X-Team: ${env:NEEDED}'),
      ...added('.env', 'NEEDED=   # later'),
    },
  }),
)

test(
  'a placeholder makes exactly its items fail [check/env/no-placeholders]',
  breaks({
    fails: { 'env/no-placeholders': 'SLACK_REDIRECT_URI (.env:17) still has a placeholder' },
    changes: added('.env', 'SLACK_REDIRECT_URI=https://your-domain.com/slack/oauth/callback'),
  }),
)

test(
  'a command where a value belongs makes exactly its items fail [check/env/no-placeholders]',
  breaks({
    fails: {
      'env/no-placeholders': 'SESSION_SECRET (.env:17) holds a command, which nothing runs there',
      'secrets/strong': 'SESSION_SECRET (.env:17) is shorter',
    },
    changes: added('.env', 'SESSION_SECRET=$(openssl rand -hex 32)  # required'),
  }),
)

test(
  'a misspelt variable makes exactly its items fail [check/env/unknown]',
  breaks({
    fails: {
      'env/unknown':
        'SALLYPORT_MASTERKEY (.env:6) is read by nothing: did you mean SALLYPORT_MASTER_KEY?',
    },
    changes: replaced('.env', 'SALLYPORT_MASTER_KEY', 'SALLYPORT_MASTERKEY'),
  }),
)

test(
  'a level of debug makes exactly its items fail [check/env/log-level]',
  breaks({
    fails: { 'env/log-level': 'MCP_LOG_LEVEL (.env:4) asks for `debug`' },
    changes: replaced('.env', 'MCP_LOG_LEVEL=info', 'MCP_LOG_LEVEL=debug'),
  }),
)

test(
  'a module at trace makes exactly its items fail [check/env/log-level]',
  breaks({
    fails: { 'env/log-level': 'RUST_LOG (instances/beta/.env:7) asks for `trace`' },
    changes: replaced('instances/beta/.env', 'serenity=warn', 'serenity=trace'),
  }),
)

test(
  'logs for people makes exactly its items fail [check/env/json-logs]',
  breaks({
    fails: { 'env/json-logs': 'MCP_JSON_LOGS (.env:5) does not say `true`' },
    changes: replaced('.env', 'JSON_LOGS=true', 'JSON_LOGS=false'),
  }),
)

test(
  'a switch that compose does not pass on makes exactly its items fail [check/env/json-logs]',
  breaks({
    fails: { 'env/json-logs': 'compose does not pass it to gateway (compose.yaml:17)' },
    changes: replaced('compose.yaml', /.*MCP_JSON_LOGS.*\n/, ''),
  }),
)

test(
  'a short JWT secret makes exactly its items fail [check/secrets/strong]',
  breaks({
    fails: { 'secrets/strong': 'JWT_SECRET (.env:7) is shorter than 32 characters (20)' },
    changes: replaced('.env', /JWT_SECRET=.*/, 'JWT_SECRET=phei8Ohsh4eeGh9aiD0u'),
  }),
)

test(
  'a default JWT secret makes exactly its items fail [check/secrets/no-defaults]',
  breaks({
    fails: {
      'secrets/no-defaults': 'JWT_SECRET (.env:7) is a default',
      'secrets/strong': 'JWT_SECRET (.env:7)',
    },
    changes: replaced('.env', /JWT_SECRET=.*/, 'JWT_SECRET=super-secret'),
  }),
)

test(
  'the password that the bot is shipped with makes exactly its items fail [check/secrets/no-defaults]',
  breaks({
    fails: {
      'secrets/no-defaults': 'BOT_DB_PASSWORD (compose.yaml:6) is a default',
      'secrets/strong': 'BOT_DB_PASSWORD',
    },
    changes: replaced(
      'compose.yaml',
      'POSTGRES_USER: sallyport',
      'BOT_DB_PASSWORD: discord_bot_pass',
    ),
  }),
)

test(
  'one value for two purposes makes exactly its items fail [check/secrets/unique]',
  breaks({
    fails: {
      'secrets/unique': 'JWT_SECRET (.env:7) and SESSION_SECRET (.env:17) hold the same value',
    },
    changes: added('.env', `SESSION_SECRET=${madeUp('jwt')}`),
  }),
)

test(
  'a secret of another environment beside it makes exactly its items fail [check/secrets/not-shared]',
  breaks({
    fails: {
      'secrets/not-shared': 'JWT_SECRET (.env:7) has the value of JWT_SECRET (.env.development:1)',
    },
    changes: { '.env.development': `JWT_SECRET=${madeUp('jwt')}\n` },
  }),
)

test(
  'a missing file of a secret makes exactly its items fail [check/secrets/files]',
  breaks({
    fails: {
      'secrets/files':
        'secrets/db_password.txt, which db_password (compose.yaml:23) names, is not there',
    },
    changes: { 'secrets/db_password.txt': undefined },
  }),
)

test(
  'an empty file of a secret makes exactly its items fail [check/secrets/files]',
  breaks({
    fails: { 'secrets/files': 'which ${file:secrets/claude_token.txt} names, is empty' },
    changes: { 'secrets/claude_token.txt': '\n' },
  }),
)

test(
  'a file of two secrets makes exactly its items fail [check/secrets/files]',
  breaks({
    fails: { 'secrets/files': 'holds several lines' },
    changes: added('secrets/claude_token.txt', madeUp('another')),
  }),
)

test(
  'a token of 16 bytes makes exactly its items fail [check/secrets/gateway-token]',
  breaks({
    fails: {
      'secrets/gateway-token': 'MCP_GATEWAY_AUTH_TOKEN (.env:2) holds 16 random bytes at most',
    },
    changes: Object.fromEntries(
      ['.env', 'instances/alpha/.env', 'instances/beta/.env'].map((path) => [
        path,
        (GOOD_FILES[path] ?? '').replaceAll(madeUp('instances'), madeUp('instances').slice(0, 32)),
      ]),
    ),
  }),
)

test(
  'an instance with another token makes exactly its items fail [check/secrets/gateway-token]',
  breaks({
    fails: {
      'secrets/gateway-token':
        'MCP_AUTH_TOKEN (instances/beta/.env:6) is not the MCP_GATEWAY_AUTH_TOKEN (.env:2)',
    },
    changes: replaced('instances/beta/.env', madeUp('instances'), madeUp('stale')),
  }),
)
