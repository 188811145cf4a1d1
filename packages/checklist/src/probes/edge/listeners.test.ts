import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'
import type { GatewayView } from '../../deployment.ts'
import { loopback, vpn } from './listeners.ts'
import { declared } from './ports.ts'

const COMPOSE = (ports: string): string => `services:
  gateway:
    image: sallyport:1.2.3
    ports: [${ports}]
`
const INSIDE = { listen: '0.0.0.0:9100', admin: '0.0.0.0:9101' }

test.each([
  ['both on loopback', {}, 'proved', 'loopback'],
  ['on a private network', { listen: '10.0.0.1:9100' }, 'proved', '10.0.0.1:9100, private'],
  ['on every network', { listen: '0.0.0.0:9100' }, 'failed', '`listen` is bound to 0.0.0.0:9100'],
  ['on every network of IPv6', { admin: '[::]:9101' }, 'failed', '`admin` is bound to [::]:9101'],
  ['on the internet', { listen: '1.1.1.1:9100' }, 'failed', '1.1.1.1:9100'],
] as const)(
  'a gateway that listens %s: %j is %s [check/door/loopback]',
  async (_case, source, state, words) => {
    const finding = await look(loopback, deploymentOf('/nowhere', source))
    expect(finding.state).toBe(state)
    expect(finding.evidence.map(({ text }) => text).join('\n')).toContain(words)
  },
)

test.each([
  ['"127.0.0.1:9100:9100"', 'proved', 'compose.yaml:4 publishes 9100 on 127.0.0.1'],
  ['"10.0.0.1:9100:9100"', 'proved', '10.0.0.1'],
  ['', 'proved', 'no port of the gateway is published'],
  ['"9100:9100"', 'failed', 'compose.yaml:4 publishes 9100 on 0.0.0.0'],
])(
  'of a gateway in a container the published ports count: %s is %s',
  async (ports, state, words) => {
    await using place = await Place.make({ 'compose.yaml': COMPOSE(ports) })
    const finding = await look(loopback, deploymentOf(place.folder, INSIDE))
    expect(finding.state).toBe(state)
    expect(finding.evidence[0]?.text).toContain(words)
  },
)

test('without a configuration nothing is known of listeners', async () => {
  const deployment = deploymentOf('/nowhere', {}, { config: undefined })
  expect((await look(loopback, deployment)).state).toBe('unproved')
  expect((await look(declared, deployment)).state).toBe('unproved')
})

test('a private network is asked for a key, or the listener fails [check/door/vpn]', async () => {
  const state = async (answer: RequestListener, source: object): Promise<string> => {
    await using server = await started(answer)
    const { url } = server
    const host = new URL(url).port
    const deployment = deploymentOf(
      '/nowhere',
      { ...source, ...('listen' in source && { listen: `0.0.0.0:${host}` }) },
      { gateway: viewOf(url) },
    )
    return (await look(vpn, deployment)).state
  }
  const open: RequestListener = (_req, res) => res.end('{}')
  const closed: RequestListener = (_req, res) => res.writeHead(401).end()
  expect(await state(closed, { listen: 'here' })).toBe('proved')
  expect(await state(open, { listen: 'here' })).toBe('failed')
  expect(await state(open, {})).toBe('not_applicable')
  expect((await look(vpn, deploymentOf('/nowhere', {}))).state).toBe('unproved')
})

test.each([
  ['nothing is open, and nothing declared', {}, 'proved'],
  [
    'the public port is declared',
    { publicUrl: 'https://m.example.com', checklist: { ports: [443] } },
    'proved',
  ],
  [
    'the public port is not declared',
    { publicUrl: 'https://m.example.com', checklist: { ports: [22] } },
    'failed',
  ],
  ['others reach it, and nothing is declared', { publicUrl: 'https://m.example.com' }, 'unproved'],
  [
    'a private bind is declared',
    { listen: '10.0.0.1:9100', checklist: { ports: [9100] } },
    'proved',
  ],
  [
    'a private bind is not declared',
    { listen: '10.0.0.1:9100', checklist: { ports: [22] } },
    'failed',
  ],
  ['what is on loopback is declared', { checklist: { ports: [9101] } }, 'failed'],
] as const)('declared ports, %s: %j is %s [check/ports/declared]', async (_case, source, state) => {
  expect((await look(declared, deploymentOf('/nowhere', source))).state).toBe(state)
})

test('a port that compose publishes to others is declared, or fails', async () => {
  await using place = await Place.make({ 'compose.yaml': COMPOSE('"10.0.0.1:9100:9100"') })
  const state = async (ports: readonly number[]): Promise<string> =>
    (await look(declared, deploymentOf(place.folder, { ...INSIDE, checklist: { ports } }))).state
  expect([await state([9_100]), await state([443])]).toEqual(['proved', 'failed'])
})

function viewOf(url: string): GatewayView {
  return {
    version: '0.0.0',
    ...{ dataUrl: url, adminUrl: url },
    read: () => Promise.reject(new TypeError('is not asked')),
    call: () => Promise.reject(new TypeError('is not asked')),
    verifyAudit: () => Promise.reject(new TypeError('is not asked')),
    key: async () => new Secret('sp_nothing'),
  }
}

async function started(answer: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(answer).listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
