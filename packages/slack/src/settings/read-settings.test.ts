import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { type ConfigProblem, problemsOf, problemText } from '@sallyport/kit/config'
import {
  readSlackSettings,
  requireSlackSettings,
  type SlackSettings,
  type SlackSettingsReading,
} from './index.ts'
import { SLACK_VARIABLES } from './variable-names.ts'

const TOKEN = 'k3J9d8s7f6g5h4j3k2l1q0w9e8r7t6y5'
const OTHER = 'mQ2wN8xR4vT7bY1cZ5aS9dF3gH6jK0pL'
const CALLBACK = 'https://mcp.acme.io/slack/oauth/callback'
const GOOD = {
  SLACK_CLIENT_ID: '123.456',
  SLACK_CLIENT_SECRET: 'c0ffee00c0ffee11c0ffee22c0ffee33',
  SLACK_SCOPES: 'channels:read,chat:write',
  SLACK_REDIRECT_URI: CALLBACK,
  SALLYPORT_TOKEN: TOKEN,
}

const folder = mkdtempSync(join(tmpdir(), 'slack-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(more: Readonly<Record<string, string | undefined>>): SlackSettingsReading {
  return readSlackSettings({ env: { ...GOOD, ...more }, cwd: folder, stateFolder: folder })
}

function settings(more: Readonly<Record<string, string | undefined>>): SlackSettings {
  const reading = read(more)
  if (reading.ok) return reading.settings
  throw new Error(reading.problems.map(problemText).join('\n'))
}

/** Each problem as `NAME message; remedy`. */
function refusals(more: Readonly<Record<string, string | undefined>>): string[] {
  const reading = read(more)
  return reading.ok ? [] : reading.problems.filter(isError).map(line)
}

function warnings(more: Readonly<Record<string, string | undefined>>): string[] {
  return settings(more).warnings.map(line)
}

function isError({ severity }: ConfigProblem): boolean {
  return severity === 'error'
}

function line({ path, message, remedy }: ConfigProblem): string {
  return `${path} ${message}; ${remedy}`
}

test('an empty environment is refused with one sentence for each key that is missing [slack/settings/all-at-once]', () => {
  const missing = Object.fromEntries(Object.keys(GOOD).map((name) => [name, undefined]))
  const lines = refusals(missing)
  expect(lines).toHaveLength(5)
  for (const name of Object.keys(GOOD)) {
    expect(lines.find((one) => one.startsWith(`${name} is not set`))).toMatch(/; .{10}/)
  }
})

test('the message of the refusal has every problem on a line of its own [slack/settings/all-at-once]', () => {
  const env = { ...GOOD, SALLYPORT_TOKEN: 'short', SLACK_TOOLSETS: 'all', PORT: 'eighty' }
  const refused = (): SlackSettings =>
    requireSlackSettings({ env, cwd: folder, stateFolder: folder })
  try {
    refused()
    expect.unreachable()
  } catch (error) {
    const found = problemsOf(error).map(({ path }) => path)
    expect(new Set(found)).toEqual(new Set(['SALLYPORT_TOKEN', 'SLACK_TOOLSETS', 'PORT']))
    const text = error instanceof Error ? error.message : ''
    expect(text.split('\n')).toHaveLength(3)
  }
})

test("the seed's variables alone make a server on loopback that reads and writes nothing [slack/settings/seed]", () => {
  const { SALLYPORT_TOKEN: value, ...seed } = GOOD
  const reading = readSlackSettings({
    env: { ...seed, AFFINITYBOTS_MCP_API_KEY: value },
    cwd: folder,
    stateFolder: folder,
  })
  expect(reading).toMatchObject({
    ok: true,
    settings: {
      listen: { host: '127.0.0.1', port: 8_080 },
      publicUrl: 'https://mcp.acme.io',
      redirectUri: CALLBACK,
      sessionTtlMs: 900_000,
      stateTtlMs: 600_000,
      refreshMarginMs: 3_600_000,
      logLevel: 'info',
      writes: { kind: 'none' },
      tokens: [{ name: 'token-1', teams: undefined }],
      apps: [{ name: 'default', distribution: 'internal', tenant: null }],
      apiUrl: 'https://slack.com/api/',
      authorizeUrl: 'https://slack.com/oauth/v2/authorize',
      store: `sqlite:${join(folder, 'slack.db')}`,
      masterKeys: undefined,
      uploads: { kinds: [], folder: undefined },
      searchPrivate: false,
    },
  })
  if (reading.ok) expect([...reading.settings.toolsets]).toEqual(['read'])
})

test('variables that are given are what counts', () => {
  const given = settings({
    HOST: '::1',
    PORT: '0',
    PUBLIC_BASE_URL: 'https://mcp.acme.io/base/',
    SLACK_REDIRECT_URI: 'https://mcp.acme.io/base/slack/oauth/callback',
    ALLOWED_ORIGINS: 'https://app.acme.io, https://beta.acme.io/',
    ALLOWED_HOSTS: 'inner:8080',
    TRUSTED_PROXIES: '10.0.0.0/8',
    SESSION_TTL_MS: '2000',
    SLACK_STATE_TTL_MS: '1000',
    SLACK_REFRESH_MARGIN_MS: '0',
    LOG_LEVEL: 'FATAL',
    SLACK_TOOLSETS: 'read, Write,files',
    SLACK_WRITE_CHANNELS: '#Bots,C0123ABCD',
    SLACK_DISTRIBUTION: 'unlisted',
    SLACK_USER_SCOPES: 'search:read',
    SLACK_TENANT_TEAMS: 'acme=T012+T034,other=T056',
    SALLYPORT_STORE: 'sqlite:./x.db',
    SALLYPORT_MASTER_KEY: `${'a'.repeat(64)},${'b'.repeat(64)}`,
    SLACK_CALL_MS: '500',
    SLACK_UPLOAD_KINDS: '.PNG,md',
    SLACK_UPLOAD_FOLDER: 'out',
    SLACK_SEARCH: 'all',
    SLACK_FILE_BYTES: '1024',
  })
  expect(given).toMatchObject({
    listen: { host: '::1', port: 0 },
    publicUrl: 'https://mcp.acme.io/base',
    origins: ['https://app.acme.io', 'https://beta.acme.io'],
    allowedHosts: ['inner:8080'],
    trustedProxies: ['10.0.0.0/8'],
    sessionTtlMs: 2_000,
    stateTtlMs: 1_000,
    refreshMarginMs: 0,
    logLevel: 'error',
    writes: { kind: 'only', channels: ['bots', 'C0123ABCD'] },
    apps: [{ distribution: 'unlisted', userScopes: ['search:read'] }],
    store: `sqlite:${join(folder, 'x.db')}`,
    limits: { callMs: 500 },
    uploads: { bytesMax: 1_048_576, kinds: ['png', 'md'], folder: join(folder, 'out') },
    searchPrivate: true,
    fileBytesMax: 1_024,
  })
  expect([...given.toolsets]).toEqual(['read', 'write', 'files'])
  expect(given.masterKeys).toHaveLength(2)
  expect([...given.tenantTeams]).toEqual([
    ['acme', ['T012', 'T034']],
    ['other', ['T056']],
  ])
})

test.each([
  ['too-short', 'is shorter than 32 characters (9)'],
  [`your-${TOKEN}`, 'looks like a placeholder'],
  ['a'.repeat(40), 'is too easy to guess'],
  [`bob=short`, 'is shorter than 32 characters (5)'],
  [`bob:X1=${TOKEN}`, 'binds `bob` to something that is no team id'],
  [`bob:=${TOKEN}`, 'binds `bob` to something that is no team id'],
  [`bad name=${TOKEN}`, 'has no usable name before `=`'],
  [`a=${TOKEN},b=${TOKEN}`, 'gives `a` and `b` the same token'],
  [`a:T012=${TOKEN},a=${OTHER}`, 'entry 2 gives `a` other teams than an entry before'],
  [`a=${TOKEN},a=${OTHER},a=${OTHER.toLowerCase()}x`, 'entry 3 gives `a` a third token'],
  [',', 'is an empty list'],
])('the tokens %j are refused, without being told', (text, sentence) => {
  const lines = refusals({ SALLYPORT_TOKEN: text })
  expect(lines.join('\n')).toContain(sentence)
  for (const secret of [TOKEN, OTHER]) expect(lines.join('\n')).not.toContain(secret)
})

test('tokens are bound to the teams of their name, and a name may have two [slack/settings/tokens]', () => {
  const { tokens } = settings({
    SALLYPORT_TOKEN: `ops=${TOKEN}, acme:T012+T034=${OTHER},ops=${OTHER}Zz9==`,
  })
  expect(tokens.map(({ name, teams, values }) => [name, teams, values.length])).toEqual([
    ['ops', undefined, 2],
    ['acme', ['T012', 'T034'], 1],
  ])
})

test('a server without any token does not start [slack/settings/token-required]', () => {
  expect(refusals({ SALLYPORT_TOKEN: undefined })).toEqual([
    'SALLYPORT_TOKEN is not set, and nobody is let in without a token; set it to a random token: `openssl rand -hex 32`',
  ])
  expect(refusals({ SALLYPORT_TOKEN: TOKEN.slice(1) })[0]).toContain('is shorter than 32')
})

test('two different values for the token and its other name are refused', () => {
  expect(refusals({ AFFINITYBOTS_MCP_API_KEY: OTHER })).toHaveLength(1)
  expect(refusals({ AFFINITYBOTS_MCP_API_KEY: TOKEN })).toEqual([])
})

test.each([
  ['SLACK_CLIENT_ID', 'required'],
  ['SLACK_CLIENT_SECRET', 'your-client-secret'],
  ['SLACK_CLIENT_SECRET', 'paste-the-client-secret'],
  ['SLACK_SCOPES', 'recommended'],
  ['SLACK_REDIRECT_URI', 'https://yourdomain.com/slack/oauth/callback'],
  ['PUBLIC_BASE_URL', 'https://your-domain.com'],
  ['SALLYPORT_MASTER_KEY', 'change-me'],
])('what a template left in %s is refused by name [slack/settings/placeholder]', (name, value) => {
  const lines = refusals({ [name]: value })
  expect(lines.some((one) => one.startsWith(`${name} is a placeholder`))).toBe(true)
})

test.each([
  ['SLACK_REDIRECT_URI', 'http://mcp.acme.io/slack/oauth/callback', 'is not https'],
  ['SLACK_REDIRECT_URI', 'https://mcp.acme.io/oauth/callback', 'its path is not'],
  ['SLACK_REDIRECT_URI', 'https://mcp.acme.io/slack/oauth/callback/x', 'its path is not'],
  ['SLACK_REDIRECT_URI', 'mcp.acme.io/slack/oauth/callback', 'expected an http or https URL'],
  ['SLACK_REDIRECT_URI', `${CALLBACK}?next=1`, 'expected an http or https URL'],
  ['PUBLIC_BASE_URL', 'http://mcp.acme.io', 'is not https'],
  ['PUBLIC_BASE_URL', 'ftp://mcp.acme.io', 'expected an http or https URL'],
])('%s = %s is refused by name [slack/settings/redirect]', (name, value, sentence) => {
  expect(refusals({ [name]: value }).join('\n')).toMatch(new RegExp(`^${name} ${sentence}`, 'm'))
})

test('on loopback http will do, for a test on one machine [slack/settings/redirect]', () => {
  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
    const redirect = `http://${host}/slack/oauth/callback`
    expect(settings({ SLACK_REDIRECT_URI: redirect }).publicUrl).toBe(`http://${host}`)
  }
  const lookAlike = 'http://localhost.acme.io/slack/oauth/callback'
  expect(refusals({ SLACK_REDIRECT_URI: lookAlike })).toHaveLength(1)
})

test('tokens go to Slack alone, to loopback, or where a test has allowed it [slack/settings/hosts]', () => {
  for (const name of ['SLACK_API_URL', 'SLACK_AUTHORIZE_URL']) {
    for (const url of [
      'https://slack.com.evil.io/api',
      'https://notslack.com/api',
      'http://slack.com/api',
      'https://slack.com:8443/api',
      'http://192.168.0.5/api',
      'http://localhost.evil.io/api',
    ]) {
      expect(refusals({ [name]: url }), url).toHaveLength(1)
      expect(refusals({ [name]: url, SALLYPORT_ALLOW_TEST_HOSTS: '1' }), url).toEqual([])
      expect(refusals({ [name]: url, SALLYPORT_ALLOW_TEST_HOSTS: '0' }), url).toHaveLength(1)
    }
    for (const url of [
      'https://slack.com/api/',
      'https://acme.enterprise.slack.com/api',
      'https://slack-gov.com/api',
      'http://127.0.0.1:4003/api',
      'http://[::1]:4003/api',
    ]) {
      expect(refusals({ [name]: url }), url).toEqual([])
    }
  }
  expect(settings({ SLACK_API_URL: 'http://127.0.0.1:4003/api/' }).apiUrl).toBe(
    'http://127.0.0.1:4003/api/',
  )
})

test('a budget for tests is refused where Slack itself is called', () => {
  const own = { SLACK_TEST_CALLS_PER_MINUTE: '600000' }
  expect(refusals(own)).toHaveLength(1)
  const local = { ...own, SLACK_API_URL: 'http://127.0.0.1:1/api' }
  expect(settings(local).testCallsPerMinute).toBe(600_000)
})

test.each([
  ['HOST', 'mcp.acme.io'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['SESSION_TTL_MS', '999'],
  ['SESSION_TTL_MS', '15m'],
  ['ALLOWED_ORIGINS', '*'],
  ['ALLOWED_ORIGINS', 'null'],
  ['ALLOWED_ORIGINS', 'https://app.acme.io/page'],
  ['LOG_LEVEL', 'loud'],
  ['SLACK_TOOLSETS', 'read,all'],
  ['SLACK_TOOLSETS', ' , '],
  ['SLACK_WRITE_CHANNELS', 'a,!b'],
  ['SLACK_WRITE_CHANNELS', 'two words'],
  ['SLACK_WRITE_CHANNELS', '!#C0123ABCD'],
  ['SLACK_DISTRIBUTION', 'public'],
  ['SLACK_SCOPES', 'channels:read;chat:write'],
  ['SLACK_TENANT_TEAMS', 'acme'],
  ['SLACK_TENANT_TEAMS', 'acme=T012,acme=T034'],
  ['SALLYPORT_STORE', 'memory'],
  ['SALLYPORT_STORE', 'sqlite::memory:'],
  ['SALLYPORT_MASTER_KEY', 'abc'],
  ['SLACK_CALL_MS', '99'],
  ['SLACK_UPLOAD_KINDS', 'a/b'],
  ['SLACK_SEARCH', 'private'],
])('%s = %j is refused with key and remedy', (name, value) => {
  const lines = refusals({ [name]: value })
  expect(lines).not.toEqual([])
  for (const one of lines) expect(one).toMatch(new RegExp(`^${name} .+; .+`))
})

test('PostgreSQL needs a master key that every process is given', () => {
  const location = { SALLYPORT_STORE: 'postgres://127.0.0.1/slack' }
  expect(refusals(location)[0]).toMatch(/^SALLYPORT_MASTER_KEY is not set/)
  expect(settings({ ...location, SALLYPORT_MASTER_KEY: 'c'.repeat(64) }).store).toBe(
    'postgres://127.0.0.1/slack',
  )
})

test.each([
  [undefined, { kind: 'none' }],
  ['*', { kind: 'except', channels: [] }],
  ['!#General, !C0123ABCD', { kind: 'except', channels: ['general', 'C0123ABCD'] }],
  ['bots,U0123ABCD', { kind: 'only', channels: ['bots', 'U0123ABCD'] }],
])('SLACK_WRITE_CHANNELS = %j', (text, rule) => {
  expect(settings({ SLACK_WRITE_CHANNELS: text }).writes).toEqual(rule)
})

test('what is risky is warned of', () => {
  expect(warnings({})).toEqual([])
  expect(warnings({ LOG_LEVEL: 'trace' })[0]).toMatch(/^LOG_LEVEL /)
  expect(warnings({ SLACK_TOOLSETS: 'write' })[0]).toMatch(/^SLACK_WRITE_CHANNELS /)
  const local = { HOST: '0.0.0.0', SLACK_REDIRECT_URI: 'http://127.0.0.1/slack/oauth/callback' }
  expect(warnings(local)[0]).toMatch(/^HOST /)
  expect(warnings({ PUBLIC_BASE_URL: 'https://other.acme.io' })[0]).toMatch(/^SLACK_REDIRECT_URI /)
  expect(warnings({ SLACK_TOOLSET: 'write' })).toEqual([
    'SLACK_TOOLSET is not read by anything; did you mean SLACK_TOOLSETS?',
  ])
})

test('the .env of the working folder counts below the environment', () => {
  const cwd = join(folder, 'with-env')
  mkdirSync(cwd)
  const { SALLYPORT_TOKEN: value, ...rest } = GOOD
  writeFileSync(join(cwd, '.env'), `SALLYPORT_TOKEN=${value}\nPORT=1234\nHOST=::1\n`)
  const reading = readSlackSettings({ env: { ...rest, PORT: '9' }, cwd, stateFolder: folder })
  expect(reading).toMatchObject({ ok: true, settings: { listen: { host: '::1', port: 9 } } })
})

test('no secret is printed with the settings', () => {
  const shown = settings({
    SLACK_SIGNING_SECRET: 'signing-c0ffee',
    SALLYPORT_MASTER_KEY: 'd'.repeat(64),
  })
  const text = `${JSON.stringify(shown)}${inspect(shown, { depth: 9 })}`
  for (const secret of [TOKEN, GOOD.SLACK_CLIENT_SECRET, 'signing-c0ffee', 'dddd']) {
    expect(text).not.toContain(secret)
  }
})

test('further apps come from a file, whose secrets may be references [slack/settings/apps]', () => {
  writeFileSync(
    join(folder, 'apps.yaml'),
    [
      'apps:',
      '  - name: acme',
      '    clientId: "7.8"',
      '    clientSecret: "${env:ACME_SECRET}"',
      '    scopes: [channels:read]',
      '    tenant: acme',
      '    distribution: marketplace',
    ].join('\n'),
  )
  const more = { SLACK_APPS: 'apps.yaml', ACME_SECRET: 'beefbeefbeefbeef' }
  const { apps } = settings(more)
  expect(apps.map(({ name, tenant, distribution }) => [name, tenant, distribution])).toEqual([
    ['default', null, 'internal'],
    ['acme', 'acme', 'marketplace'],
  ])
  expect(apps[1]?.clientSecret.reveal()).toBe('beefbeefbeefbeef')
  const none = { SLACK_CLIENT_ID: undefined, SLACK_CLIENT_SECRET: undefined }
  const alone = settings({ ...more, ...none, SLACK_SCOPES: undefined })
  expect(alone.apps.map(({ name }) => name)).toEqual(['acme'])
  expect(refusals({ ...more, ACME_SECRET: undefined })[0]).toContain('ACME_SECRET is not set')
  expect(refusals({ ...more, SLACK_CLIENT_ID: '7.8' })[0]).toContain('client id of SLACK_CLIENT_ID')
})

test('a file of apps with mistakes is refused with the place of each', () => {
  writeFileSync(
    join(folder, 'wrong.yaml'),
    'apps:\n  - name: default\n    clientId: a b\n    clientSecret: s\n    scopes: []\n    more: 1\n',
  )
  const lines = refusals({ SLACK_APPS: 'wrong.yaml' })
  expect(lines.join('\n')).toMatch(/apps\[0\]\.clientId/)
  expect(lines.join('\n')).toMatch(/apps\[0\]\.more/)
  expect(refusals({ SLACK_APPS: 'none.yaml' })).toHaveLength(1)
})

test('rows of the audit log go after 90 days, in a database that may be shared only where it is said', () => {
  const DAY_MS = 86_400_000
  const shared = {
    SALLYPORT_STORE: 'postgres://slack@localhost/slack',
    SALLYPORT_MASTER_KEY: '0123456789abcdef'.repeat(4),
  }
  expect(settings({}).auditKeepMs).toBe(90 * DAY_MS)
  expect(settings({ SLACK_AUDIT_KEEP_DAYS: '7' }).auditKeepMs).toBe(7 * DAY_MS)
  expect(settings(shared).auditKeepMs).toBe(undefined)
  expect(settings({ ...shared, SLACK_AUDIT_KEEP_DAYS: '7' }).auditKeepMs).toBe(7 * DAY_MS)
  expect(refusals({ SLACK_AUDIT_KEEP_DAYS: '0' })).toHaveLength(1)
})

test('the page about settings names every variable', () => {
  const page = readFileSync(new URL('../../../../docs/slack/settings.md', import.meta.url), 'utf8')
  expect(SLACK_VARIABLES.filter((name) => !page.includes(`\`${name}`))).toEqual([])
})
