import { expect, test } from 'vitest'
import { loadGatewayConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

const TOKEN = 'b1946ac92492d2347c6235b4d2611184kjh2'

function told(text: string): string[] {
  using folder = new TestingFolder()
  const file = folder.write(
    'sallyport.yaml',
    `mcpServers: { a: { command: node }, b: { command: node } }\ngroups: { g: { members: [a, b] } }\n${text}`,
  )
  const { problems } = loadGatewayConfig({
    source: { kind: 'file', file },
    env: {},
    cwd: folder.path,
  })
  return problems.map(({ path, severity, message }) => `${severity} ${path}: ${message}`)
}

const CERTIFICATE = "{ name: c, subject: 'CN=c', servers: [aa] }"

test.each([
  ['tenants: { acme: { servers: [a, aa] } }', 'tenants.acme.servers[1]'],
  [`auth: { tokens: [{ name: t, value: ${TOKEN}, servers: [aa] }] }`, 'auth.tokens[0].servers[0]'],
  [
    `auth: { clientCertificates: { header: x-subject, subjects: [${CERTIFICATE}] } }\ntrustedProxies: [10.0.0.0/8]`,
    'auth.clientCertificates.subjects[0].servers[0]',
  ],
])('who is to see a server that is not there is warned of: %s', (text, path) => {
  expect(told(text)).toEqual([`warning ${path}: there is no server or group \`aa\``])
})

test('who is to see servers and groups that are there is not warned of', () => {
  expect(told('tenants: { acme: { servers: [a, g] }, none: {} }')).toEqual([])
})
