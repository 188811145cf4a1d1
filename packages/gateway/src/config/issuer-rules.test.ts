import { expect, test } from 'vitest'
import { loadGatewayConfig, validateConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

const ISSUER = 'https://login.example.com/realms/main'

function told(issuer: string, more = '', load = loadGatewayConfig): string[] {
  using folder = new TestingFolder()
  const file = folder.write('sallyport.yaml', `auth:\n  issuers:\n    ${issuer}\n${more}\n`)
  const source = { kind: 'file', file } as const
  const { problems } = load({ source, env: {}, cwd: folder.path })
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

const one = (more = ''): string => `main: { issuer: "${ISSUER}", defaultRoles: caller${more} }`

test.each([
  [
    'a provider over plain http',
    'main: { issuer: "http://login.example.com", defaultRoles: caller }',
  ],
  ['keys over plain http', one(', jwks: "http://login.example.com/keys"')],
  ['keys from a file URL', one(', jwks: "file:///etc/keys"')],
  ['no issuer', 'main: { defaultRoles: caller }'],
  ['an issuer with a query', `main: { issuer: "${ISSUER}?x=1", defaultRoles: caller }`],
  ['an issuer with a user', 'main: { issuer: "https://a:b@x.example", defaultRoles: caller }'],
  ['algorithms of a shared secret', one(', algorithms: [HS256]')],
  ['no signature', one(', algorithms: [none]')],
  ['no algorithm', one(', algorithms: []')],
  ['ID tokens', one(', types: [id_token]')],
  ['offline_access as a scope', one(', scopes: { offline_access: caller }')],
  ['a scope with a space', one(', scopes: { "a b": caller }')],
  ['a skew over five minutes', one(', skew: 6m')],
  ['a life over a week', one(', maxLife: 8d')],
  ['an unknown key', one(', widget: x')],
  ['roles without a claim', one(', roles: { staff: caller }')],
  ['a name in capitals', `Main: { issuer: "${ISSUER}", defaultRoles: caller }`],
  ['a certificate that is not there', one(', ca: ./missing.pem')],
  ['a key file that is not there', one(', jwks: ./missing.json')],
  ['two of one issuer', `${one()}\n    other: { issuer: "${ISSUER}", defaultRoles: caller }`],
])('%s is refused [tokens/config]', (_case, issuer) => {
  expect(told(issuer, '', validateConfig)).toEqual([expect.stringMatching(/^error auth\.issuers/)])
})

test('a gateway beyond loopback must say its address, so that tokens can be for it [tokens/config]', () => {
  const open = 'listen: 0.0.0.0:9100'
  expect(told(one(), open)).toContain(
    'error auth.issuers: tokens cannot be meant for a gateway whose address nobody knows',
  )
  expect(told(one(), `${open}\npublicUrl: https://mcp.example.com`)).toEqual([])
  expect(told(one())).toEqual([])
})

test.each([
  ['http on loopback', 'main: { issuer: "http://127.0.0.1:3000", defaultRoles: caller }'],
  ['claims inside others', one(', claims: { roles: [groups, realm_access.roles], name: email }')],
  [
    'lists and single texts',
    one(', audience: [a, b], roles: { x: [caller, viewer] }, claims: { roles: groups }'),
  ],
])('%s is fine', (_case, issuer) => {
  expect(told(issuer)).toEqual([])
})

test('an issuer whose tokens give no role is warned of', () => {
  expect(told(`main: { issuer: "${ISSUER}" }`)).toEqual([
    'warning auth.issuers.main: its tokens give no role, so nobody who has one may do anything',
  ])
})
