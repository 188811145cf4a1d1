import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../test/fixtures/deployment.ts'
import { gatewayOf } from '../../test/fixtures/run.ts'
import type { Probe } from '../answers/answer.ts'
import type { Deployment, SlackView } from '../deployment.ts'
import { SlackSession } from '../looks/slack-session.ts'
import { noPlain } from './edge/plain-http.ts'
import { extraAuth, timeouts as silence } from './edge/proxy-files.ts'
import { inFront } from './edge/proxy-live.ts'
import { alertmanagerReachable } from './observability/alertmanager.ts'
import { grafanaDashboardsShown } from './observability/grafana.ts'
import { prometheusAlertmanager } from './observability/prometheus-alertmanager.ts'
import { scopes } from './slack/app.ts'
import { timeouts } from './slack/calls.ts'
import { debug, encrypted } from './slack/storage.ts'

const PUBLIC = { publicUrl: 'https://mcp.example.invalid' }

async function said(probe: Probe, deployment: Deployment): Promise<string> {
  const { state, evidence } = await look(probe, deployment)
  return `${state}: ${evidence.map(({ text }) => text).join('; ')}`
}

/** A server that answers so, until it is disposed. */
async function serving(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // of a listening server
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const SITE = (inner: string) =>
  `server { listen 443 ssl; server_name mcp.example.invalid; ${inner} location / { proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9100; } }\n`

test('one site that anybody passes is a way around one that asks [check/proxy/extra-auth]', async () => {
  const closed = SITE('auth_basic "x"; auth_basic_user_file /etc/users;')
  await using place = await Place.make({ 'nginx.conf': `events {}\nhttp {\n${closed}}\n` })
  const deployment = deploymentOf(place.folder, PUBLIC)
  expect(await said(extraAuth, deployment)).toMatch(/^proved: /)
  await place.write('nginx.conf', `events {}\nhttp {\n${closed}${SITE('')}}\n`)
  expect(await said(extraAuth, deploymentOf(place.folder, PUBLIC))).toMatch(
    /^unproved: nginx.conf:4: nothing is found but the key/,
  )
})

test('a folder of a proxy that cannot be listed leaves open what its files say [check/proxy/timeouts]', async () => {
  const main = `events {}\nhttp {\n${SITE('')}include more/*.conf;\n}\n`
  await using place = await Place.make({ 'nginx.conf': main })
  const before = await said(silence, deploymentOf(place.folder, PUBLIC))
  expect(before).toMatch(/^proved: /)
  // A link to itself can be listed by nobody, by root neither.
  await symlink('more', join(place.folder, 'more'))
  expect(await said(silence, deploymentOf(place.folder, PUBLIC))).toBe(
    'unproved: more cannot be listed (ELOOP)',
  )
})

test('without an answer of the gateway itself nothing is said of what is in front [check/proxy/in-front]', async () => {
  const gateway = gatewayOf({ dataUrl: 'http://127.0.0.1:9' })
  expect(await said(inFront, deploymentOf('/nowhere', PUBLIC, { gateway }))).toBe(
    'unproved: what this gateway answers at http://127.0.0.1:9 cannot be compared with: nothing listens there',
  )
})

test('of a public name that leads nowhere from here it is not said that nothing plain answers [check/tls/no-plain]', async () => {
  expect(await said(noPlain, deploymentOf('/nowhere', PUBLIC))).toBe(
    'unproved: GET http://mcp.example.invalid:80/health/live: the name cannot be resolved here',
  )
})

test('an Alertmanager that wants a login is not said to be broken [check/alertmanager/reachable]', async () => {
  await using server = await serving((_req, res) => void res.writeHead(401).end())
  const source = { checklist: { alertmanager: { url: server.url } } }
  expect(await said(alertmanagerReachable, deploymentOf('/nowhere', source))).toBe(
    `unproved: ${server.url}/api/v2/status answered 401: it wants a login`,
  )
})

test('where the metrics of Prometheus cannot be read nobody knows whether alerts arrive [check/prometheus/alertmanager]', async () => {
  await using server = await serving((req, res) => {
    if (req.url === '/metrics') return void res.writeHead(403).end()
    const data = { activeAlertmanagers: [{ url: 'http://alerts:9093/api/v2/alerts' }] }
    res.end(JSON.stringify({ status: 'success', data }))
  })
  const source = { checklist: { prometheus: { url: server.url } } }
  expect(await said(prometheusAlertmanager, deploymentOf('/nowhere', source))).toBe(
    `unproved: ${server.url}/metrics answers 403, so that nobody knows whether alerts arrive`,
  )
})

test('more dashboards than are read are not said to lack ours [check/grafana/dashboards]', async () => {
  await using server = await serving((req, res) => {
    const many = Array.from({ length: 101 }, (_, index) => ({ uid: `u${index}`, title: 't' }))
    const isSearch = req.url?.startsWith('/api/search')
    res.end(JSON.stringify(isSearch ? many : { dashboard: { panels: [] } }))
  })
  const source = { checklist: { grafana: { url: server.url } } }
  expect(await said(grafanaDashboardsShown, deploymentOf('/nowhere', source))).toMatch(
    /^unproved: none of 100 dashboards .*, and there are more than were looked at$/,
  )
})

function slackOf(given: Partial<SlackView>): SlackView {
  return {
    ...{ mcpUrl: 'http://127.0.0.1:9/mcp', webUrl: 'http://127.0.0.1:9' },
    ...{ publicUrl: 'http://127.0.0.1:9', redirectUri: 'http://127.0.0.1:9', logLevel: 'info' },
    ...{ scopes: ['channels:read', 'channels:history'], toolsets: ['read'], origins: [] },
    ...{ callMs: 1_000, store: 'sqlite:/nowhere/slack.db', boundTeams: [] },
    teams: async () => [],
    token: async () => new Secret('sp_test'),
    ...given,
  }
}

test('an app that nobody installed was given no scopes [check/slack/scopes]', async () => {
  expect(await said(scopes, deploymentOf('/nowhere', {}, { slack: slackOf({}) }))).toBe(
    'unproved: the app is installed in no workspace',
  )
})

test('a refusal is no call that was answered in time [check/slack/timeouts]', async () => {
  await using server = await serving((_req, res) => void res.writeHead(401).end())
  const slack = slackOf({ mcpUrl: `${server.url}/mcp` })
  expect(await said(timeouts, deploymentOf('/nowhere', {}, { slack }))).toBe(
    'unproved: slack_list_channels: 401 without a result',
  )
})

test('more files beside the store than are looked into are not said to hold no token [check/slack/encrypted]', async () => {
  const files = Array.from({ length: 1_001 }, (_, index) => [`${index}.txt`, ''] as const)
  await using place = await Place.make(Object.fromEntries(files))
  const slack = slackOf({ store: `sqlite:${place.folder}/slack.db` })
  expect(await said(encrypted, deploymentOf(place.folder, {}, { slack }))).toMatch(
    /^unproved: not looked into, as they are too large or too many: /,
  )
})

test('of a log that is not there it is not said that it holds no token [check/slack/debug]', async () => {
  await using place = await Place.make({ 'a.log': 'all is well\n' })
  const judge = (logs: readonly string[]) =>
    said(debug, deploymentOf(place.folder, { checklist: { logs } }, { slack: slackOf({}) }))
  expect(await judge(['./a.log'])).toMatch(/^proved: /)
  expect(await judge(['./a.log', './b.log'])).toBe('unproved: ./b.log is not there')
})

test('a session that does not come about is ended at the server [check/slack/sessions]', async () => {
  const methods: string[] = []
  const stop = new AbortController()
  await using server = await serving((req, res) => {
    methods.push(req.method ?? '')
    if (methods.length === 1) res.writeHead(200, { 'mcp-session-id': 'one' }).end('{}')
    else if (methods.length === 2) stop.abort(new Error('the look is over'))
    else res.end()
  })
  const view = slackOf({ mcpUrl: `${server.url}/mcp` })
  await expect(SlackSession.open(view, stop.signal)).rejects.toThrow('the look is over')
  expect(methods).toEqual(['POST', 'POST', 'DELETE'])
})
