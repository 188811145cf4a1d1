import {
  Client,
  ClientCredentialsProvider,
  discoverOAuthServerInfo,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { discoverOAuthServerInfo as discoverV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AGENT, IdentityProvider } from '../fixtures/identity-provider.ts'
import { RawClient } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

let provider: IdentityProvider
let gateway: TestGateway

beforeAll(async () => {
  provider = await IdentityProvider.start()
  gateway = await TestGateway.start({
    mcpServers: { files: hostileEntry('echo') },
    config: {
      auth: {
        issuers: {
          main: {
            issuer: provider.url,
            scopes: { 'mcp:look': 'viewer', 'mcp:call': 'caller' },
            jwksCooldown: '1s',
          },
        },
      },
    },
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

test('the official client finds the provider, gets a token and calls [tokens/provider]', async () => {
  const authProvider = new ClientCredentialsProvider({
    ...{ clientId: AGENT.id, clientSecret: AGENT.secret, scope: 'mcp:call' },
    expectedIssuer: provider.url,
  })
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url()), { authProvider })
  const client = new Client({ name: 'agent', version: '1' })
  await client.connect(transport)
  const { content } = await client.callTool({ name: 'files__echo', arguments: {} })
  expect(content).toHaveLength(1)
  await client.close()
})

test('both official clients agree about where to ask [tokens/provider]', async () => {
  for (const discover of [discoverOAuthServerInfo, discoverV1]) {
    const found = await discover(gateway.url('files'))
    expect(found).toMatchObject({
      authorizationServerUrl: provider.url,
      authorizationServerMetadata: { issuer: provider.url },
      resourceMetadata: { resource: gateway.url('files'), authorization_servers: [provider.url] },
    })
  }
})

test('calls go on while the provider rotates its keys [tokens/provider]', async () => {
  const before = await provider.token(gateway.url(), 'mcp:call')
  const first = await RawClient.open(gateway, 'modern', before)
  expect((await first.call('files__echo')).status).toBe(200)
  provider.rotate()
  const after = await provider.token(gateway.url(), 'mcp:call')
  const second = await RawClient.open(gateway, 'modern', after)
  expect((await second.call('files__echo')).status).toBe(200)
  expect((await first.call('files__echo')).status).toBe(200)
})

test('a token for one server is good at its address and nowhere else [tokens/audience]', async () => {
  const token = await provider.token(gateway.url('files'), 'mcp:call')
  const client = await RawClient.open(gateway, 'modern', token)
  expect((await client.list({}, 'files')).status).toBe(200)
  expect((await client.list()).status).toBe(401)
})

test('a token with too little is told what to ask for, and with that it may [tokens/step-up]', async () => {
  const little = await provider.token(gateway.url(), 'mcp:look')
  const refused = await (await RawClient.open(gateway, 'modern', little)).call('files__echo')
  expect(refused.status).toBe(403)
  const [, scope = ''] = /scope="([^"]*)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
  const more = await provider.token(gateway.url(), scope)
  expect((await (await RawClient.open(gateway, 'modern', more)).call('files__echo')).status).toBe(
    200,
  )
})
