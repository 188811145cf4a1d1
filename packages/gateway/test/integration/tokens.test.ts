import { TestIssuer } from '@sallyport/kit/testing/issuer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RawClient } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

let issuer: TestIssuer
let gateway: TestGateway

beforeEach(async () => {
  issuer = await TestIssuer.start()
  gateway = await TestGateway.start({
    mcpServers: { files: hostileEntry('echo') },
    config: { auth: { issuers: { main: mainIssuer() } } },
  })
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

function mainIssuer(more: object = {}): object {
  return {
    issuer: issuer.url,
    algorithms: ['ES256'],
    scopes: { 'mcp:look': 'viewer', 'mcp:call': 'caller' },
    jwksCooldown: '1s',
    ...more,
  }
}

const sign = (claims: object = {}): Promise<string> =>
  issuer.sign({ claims: { aud: gateway.data, scope: 'mcp:call', ...claims } })

const metadataOf = (path: string): string =>
  `${gateway.data}/.well-known/oauth-protected-resource${path}`

test.each(['legacy', 'modern'] as const)(
  'a %s client with a token of the provider lists and calls',
  async (era) => {
    const client = await RawClient.open(gateway, era, await sign())
    expect((await client.list()).message.result?.tools?.map(({ name }) => name)).toEqual([
      'files__echo',
    ])
    expect((await client.call('files__echo')).status).toBe(200)
  },
)

test('a token for another gateway is refused with a challenge', async () => {
  const client = await RawClient.open(gateway, 'modern', await sign({ aud: 'https://x.example' }))
  const { status, headers } = await client.list()
  expect([status, headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer error="invalid_token", scope="mcp:look", resource_metadata="${metadataOf('/mcp')}"`,
  ])
})

test('a token that may only look is told which scope a call needs', async () => {
  const client = await RawClient.open(gateway, 'modern', await sign({ scope: 'mcp:look other' }))
  expect((await client.list()).status).toBe(200)
  const { status, headers, message } = await client.call('files__echo')
  expect([status, headers.get('www-authenticate'), message.error?.data]).toEqual([
    403,
    `Bearer error="insufficient_scope", scope="mcp:look mcp:call", resource_metadata="${metadataOf('/mcp')}"`,
    expect.objectContaining({ code: 'insufficient_scope' }),
  ])
})

test.each(['', '/mcp', '/mcp/support', '/servers/files/mcp', '/servers/none/mcp'])(
  'metadata stands at the well-known address of %j, whether or not it is there',
  async (path) => {
    const response = await fetch(metadataOf(path))
    expect(await response.json()).toEqual({
      resource: `${gateway.data}${path}`,
      authorization_servers: [issuer.url],
      scopes_supported: ['mcp:look', 'mcp:call'],
      bearer_methods_supported: ['header'],
    })
  },
)
