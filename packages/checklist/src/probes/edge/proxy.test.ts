import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'
import type { Finding } from '../../answers/answer.ts'
import { config } from './proxy-config.ts'
import { authorization, buffering, extraAuth, host, timeouts } from './proxy-files.ts'
import { inFront } from './proxy-live.ts'
import { expiry, judgeExpiry, publicTls, versions } from './tls.ts'
import { noPlain, redirect } from './plain-http.ts'

const DAY_MS = 86_400_000
const PUBLIC = { publicUrl: 'https://mcp.example.invalid' }

const COMPOSE = (mounts: string): string => `services:
  gateway:
    image: sallyport:1.2.3
  redis:
    image: redis:7
  proxy:
    image: nginx:1.27
    volumes: [${mounts}]
`
const NGINX = (upstream: string): string => `events {}
http {
  include mime.types;
  server {
    listen 443 ssl;
    server_name mcp.example.invalid;
    ssl_certificate /etc/nginx/certs/leaf.pem;
    ssl_certificate_key /etc/nginx/certs/leaf.key;
    location / { proxy_pass http://${upstream}; }
  }
}
`
const CERTS = {
  'certs/leaf.pem': '-----BEGIN CERTIFICATE-----\n',
  'certs/leaf.key': '-----BEGIN PRIVATE KEY-----\n',
}
const MAIN = '"./nginx.conf:/etc/nginx/nginx.conf:ro"'
const ALL = `${MAIN}, "./certs:/etc/nginx/certs:ro"`

async function configOf(mounts: string, upstream = 'gateway:9100'): Promise<Finding> {
  const files = { ...CERTS, 'compose.yaml': COMPOSE(mounts), 'nginx.conf': NGINX(upstream) }
  await using place = await Place.make(files)
  return await look(config, deploymentOf(place.folder, PUBLIC))
}

function textOf({ evidence }: Finding): string {
  return evidence.map(({ text }) => text).join('\n')
}

test('in a container a key that no mount brings in fails [check/proxy/config]', async () => {
  const good = await configOf(ALL)
  expect([good.state, textOf(good)]).toEqual(['proved', expect.stringContaining('leaf.key')])
  const bad = await configOf(MAIN)
  expect(bad.state).toBe('failed')
  expect(textOf(bad)).toContain(
    'nginx.conf:8 names the key /etc/nginx/certs/leaf.key, which is not mounted into its container',
  )
  // What is in a volume cannot be seen from here.
  expect((await configOf(`${MAIN}, "certs:/etc/nginx/certs"`)).state).toBe('unproved')
})

test.each([
  ['gateway:9100', 'proved', 'a data listener'],
  ['gateway:9101', 'failed', 'which is the admin listener'],
  ['gateway:80', 'failed', 'but the gateway takes MCP on port 9100'],
  ['redis:6379', 'failed', 'which is no gateway but a redis'],
  ['$backend', 'unproved', 'which cannot be followed'],
])('in a container an upstream is a service: %s is %s', async (upstream, state, words) => {
  const finding = await configOf(ALL, upstream)
  expect(finding.state).toBe(state)
  expect(textOf(finding)).toContain(words)
})

test('what is on loopback alone needs no proxy; what others reach does, and without its file is unproved', async () => {
  await using place = await Place.make()
  const all = [
    config,
    buffering,
    timeouts,
    authorization,
    host,
    inFront,
    extraAuth,
    publicTls,
    expiry,
    versions,
    redirect,
    noPlain,
  ]
  const states = async (source: object): Promise<ReadonlySet<string>> => {
    const deployment = deploymentOf(place.folder, source)
    const found = await Promise.all(all.map((probe) => look(probe, deployment)))
    return new Set(found.map(({ state }) => state))
  }
  expect(await states({})).toEqual(new Set(['not_applicable']))
  expect(await states({ listen: '0.0.0.0:9100' })).toEqual(new Set(['unproved']))
})

test('a further layer may stand in the configuration', async () => {
  const source = { listen: '10.0.0.1:9100', allowFrom: { listen: ['10.0.0.0/8'] } }
  expect((await look(extraAuth, deploymentOf('/nowhere', source))).state).toBe('proved')
})

test('files are found by their usual names, or where the file says', async () => {
  const text = NGINX('127.0.0.1:9100')
  for (const [path, source] of [
    ['nginx/nginx.conf', {}],
    ['conf.d/mcp.conf', {}],
    ['my-proxy.conf', { checklist: { proxies: ['my-proxy.conf'] } }],
  ] as const) {
    await using place = await Place.make({ [path]: text })
    const finding = await look(host, deploymentOf(place.folder, { ...PUBLIC, ...source }))
    expect([path, finding.state, textOf(finding)]).toEqual([
      path,
      'failed',
      `${path}:9 gives the gateway another Host than the caller's`,
    ])
  }
})

test.each([
  [365, 30, 'proved'],
  [365, 20, 'unproved'],
  [365, 6, 'failed'],
  [365, 0, 'failed'],
  [365, -1, 'failed'],
  // A certificate of days is renewed by a share of its life.
  [0.5, 0.2, 'proved'],
  [0.5, 0.1, 'unproved'],
  [0.5, 0.01, 'failed'],
])('of %d days with %d left the end is %s', (life, left, state) => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z')
  const view = { notBeforeMs: nowMs - (life - left) * DAY_MS, notAfterMs: nowMs + left * DAY_MS }
  expect(judgeExpiry(view, nowMs).state).toBe(state)
})

test('what a Caddyfile imports is read, and an import that is not there fails', async () => {
  const site = 'mcp.example.invalid {\n  import common\n  reverse_proxy 127.0.0.1:9100\n}\n'
  const files = { Caddyfile: '(common) {\n}\nimport sites/*\n', 'sites/a.caddy': site }
  await using place = await Place.make(files)
  const deployment = deploymentOf(place.folder, PUBLIC)
  expect((await look(host, deployment)).state).toBe('proved')
  expect(textOf(await look(config, deployment))).toContain('sites/a.caddy:3 passes on')
  await place.write('Caddyfile', 'import absent.caddy\n')
  const missing = await look(config, deploymentOf(place.folder, PUBLIC))
  expect([missing.state, textOf(missing)]).toEqual([
    'failed',
    'Caddyfile:1 imports absent.caddy, which is not there',
  ])
})

test.each([
  ['server_name ~^mcp\\.;', '/', PUBLIC.publicUrl, 'failed'],
  ['server_name .example.invalid;', '/', PUBLIC.publicUrl, 'failed'],
  ['server_name *.example.invalid;', '/', PUBLIC.publicUrl, 'failed'],
  ['', '/', PUBLIC.publicUrl, 'failed'],
  ['server_name other.invalid;', '/', PUBLIC.publicUrl, 'unproved'],
  ['', '/tools/', `${PUBLIC.publicUrl}/tools`, 'failed'],
  ['', '/tools/', PUBLIC.publicUrl, 'unproved'],
])(
  'with %s and location %s a server counts for %s: %s',
  async (name, location, publicUrl, state) => {
    const text = `server { ${name} location ${location} { proxy_pass http://127.0.0.1:9100; } }`
    await using place = await Place.make({ 'nginx.conf': text })
    expect((await look(host, deploymentOf(place.folder, { publicUrl }))).state).toBe(state)
  },
)
