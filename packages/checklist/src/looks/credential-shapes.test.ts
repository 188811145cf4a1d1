import { expect, test } from 'vitest'
import { credentialsIn, isDefault, isSecretName, purposeOf, weakness } from './credential-shapes.ts'

const RANDOM = 'f0c1b9d2a7e8465309bc1d2e7f8a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a'

test.each([
  ['JWT_SECRET', true],
  ['PGPASSWORD', true],
  ['X-Api-Key', true],
  ['clientSecret', true],
  ['SECRET_KEY_BASE', true],
  ['discord_bot_pass', true],
  ['Authorization', true],
  ['SLACK_CLIENT_ID', false],
  ['API_KEY_ID', false],
  ['SSH_PUBLIC_KEY', false],
  ['STRIPE_PUBLISHABLE_KEY', false],
  ['MAX_TOKENS', false],
  ['TOKEN_URL', false],
  ['PWD', false],
  ['OLDPWD', false],
  ['KEYBOARD', false],
  ['PASSWORD_MIN_LENGTH', false],
])('%s names a secret: %s [check/secrets/strong]', (name, isSecret) => {
  expect(isSecretName(name)).toBe(isSecret)
})

test.each([
  ['DATABASE_URL', 'postgres://app:geheim@db/x', ['database password']],
  ['REDIS_URL', 'redis://:p%40ss@cache:6379', ['redis password']],
  ['HOMEPAGE', 'https://sallyport.test/', []],
  ['DATABASE_URL', 'postgres://app:${PASSWORD}@db/x', []],
  ['ANYTHING', `xoxb-${RANDOM.slice(0, 24)}`, ['anything']],
  [
    'SALLYPORT_TOKEN',
    `claude:T1+T2=${RANDOM},ops=${RANDOM}`,
    ['slack server token', 'slack server token'],
  ],
  ['SALLYPORT_MASTER_KEY', `${RANDOM},${RANDOM}`, ['master key', 'master key']],
  ['TLS_KEY', '/etc/ssl/private/key.pem', []],
  ['API_TOKEN', '$API_TOKEN_OF_HOST', []],
  ['ADMIN_PASSWORD', '$2b$12$abcdefghijklmnopqrstuv', []],
  ['REQUIRE_TOKEN', 'true', []],
  ['SORT_KEY', 'created_at', []],
  ['HOT_KEY', 'ctrl+p', []],
  ['CUSTOM_KEY', RANDOM, ['custom_key']],
  ['FINNHUB_API_KEY', 'abc', ['finnhub_api_key']],
  ['RATE_TOKENS', '10000', []],
])('%s=%s holds %j', (name, value, purposes) => {
  expect(credentialsIn(name, value).map(({ purpose }) => purpose)).toEqual(purposes)
})

test('two names for one thing have one purpose, and two things two [check/secrets/unique]', () => {
  const groups = [
    ['POSTGRES_PASSWORD', 'PGPASSWORD', 'DB_PASSWORD', 'DATABASE_PASSWORD', 'db_password'],
    ['GF_SECURITY_ADMIN_PASSWORD', 'GRAFANA_PASSWORD', 'grafana_password'],
    ['JWT_SECRET', 'JWT_SECRET_KEY', 'jwt_secret'],
    ['MCP_AUTH_TOKEN', 'MCP_GATEWAY_AUTH_TOKEN'],
    ['SESSION_SECRET'],
  ]
  const purposes = groups.map((names) => [...new Set(names.map(purposeOf))])
  expect(purposes.map(({ length }) => length)).toEqual(groups.map(() => 1))
  expect(new Set(purposes.flat()).size).toBe(groups.length)
})

test.each([
  ['own', RANDOM, undefined],
  ['own', 'p@ss$w&rd-of-32-bytes!?x9Kq27LmZw', undefined],
  ['own', RANDOM.slice(0, 31), 'is shorter than 32 characters (31)'],
  ['own', 'ab'.repeat(20), 'is too easy to guess: only 2 different characters'],
  ['own', 'abcdefgh'.repeat(5), 'is too easy to guess: one pattern repeated'],
  ['password', 'Ahgoh3eiShei', undefined],
  ['password', 'Ahgoh3eiShe', 'is shorter than 12 characters (11)'],
  ['password', 'hunter2hunter2hunter2', 'is one pattern repeated'],
  ['password', 'Grafana-Password-2024!', 'is made of words that are tried first'],
  ['password', 'correct-horse-battery-staple', undefined],
  ['password', 'postgres-Ahgoh3eiShei', undefined],
  ['password', 'aaaabbbbaaaabbbb', 'has only 2 different characters'],
  ['password', 'P0stgres!', 'is a default or a word that everybody tries first'],
  ['issued', 'c9a8b7d6e5f4g3h2', undefined],
  ['issued', 'secret', 'is a default or a word that everybody tries first'],
] as const)('a secret of kind %s (%s) is weak: %s [check/secrets/strong]', (kind, value, fault) => {
  expect(weakness({ kind, purpose: 'x', value })).toBe(fault)
})

test.each([
  'postgres',
  'Admin123',
  'passw0rd',
  'change-me',
  'discord_bot_pass',
  '123456',
  'mcp_password!',
])('%s is a default [check/secrets/no-defaults]', (value) => {
  expect(isDefault(value)).toBe(true)
})

test.each([
  RANDOM,
  'Ahgoh3eiShei7aeth',
  'correct-horse-battery-staple',
  'postgres-f0c1b9d2a7e84653',
])('%s is no default', (value) => {
  expect(isDefault(value)).toBe(false)
})
