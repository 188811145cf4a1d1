import { expect, test } from 'vitest'
import { readInstances } from './instances.ts'

const TOKEN = 'Zk3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0A'
const OTHER = 'q8Wn2Er6Ty1Ui9Op3As7Df5Gh4Jk0LzX'
const GOOD = { INSTANCES: 'a=http://host:9090', MCP_GATEWAY_AUTH_TOKEN: TOKEN }

test.each([
  [
    'no token',
    { MCP_GATEWAY_AUTH_TOKEN: '' },
    'neither MCP_GATEWAY_AUTH_TOKEN nor MCP_AUTH_TOKEN is set',
  ],
  ['no INSTANCES', { INSTANCES: undefined }, 'INSTANCES is not set'],
  ['empty INSTANCES', { INSTANCES: ' , ' }, 'INSTANCES is empty'],
  [
    'an entry without =',
    { INSTANCES: 'a=http://h:1,b' },
    'entry 2 of INSTANCES lacks `=` between name and URL',
  ],
  [
    'a name twice',
    { INSTANCES: 'a=http://h:1,A=http://h:2' },
    'the name `a` appears twice in INSTANCES',
  ],
  [
    'no URL',
    { INSTANCES: 'a=host:9090' },
    'entry 1 of INSTANCES has no http or https URL after `=`',
  ],
  [
    'a reserved name',
    { INSTANCES: 'operator=http://h:1' },
    'entry 1 of INSTANCES has no usable name: the name `operator` is reserved',
  ],
  [
    'a port that is no number',
    { GATEWAY_PORT: '91oo' },
    'GATEWAY_PORT is not a whole number from 0 to 65534',
  ],
  [
    'a port without a next one',
    { GATEWAY_PORT: '65535' },
    'GATEWAY_PORT is not a whole number from 0 to 65534',
  ],
  [
    'a name to listen on',
    { GATEWAY_BIND_ADDR: 'example.com' },
    'GATEWAY_BIND_ADDR is not an IP address or localhost',
  ],
])('%s is refused [config/instances/token]', (_case, change, message) => {
  const { config, problems } = readInstances({ ...GOOD, ...change })
  expect({ config, messages: problems.map((problem) => problem.message) }).toEqual({
    config: undefined,
    messages: [message],
  })
})

test.each(['MCP_GATEWAY_AUTH_TOKEN', 'MCP_AUTH_TOKEN'])(
  'a short %s is refused without being shown [config/instances/token] [config/refuse/weak-token]',
  (variable) => {
    const { problems } = readInstances({ ...GOOD, [variable]: 'k3vQ9x' })
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toMatch(new RegExp(`^${variable}: the token is shorter than 32`))
    expect(JSON.stringify(problems)).not.toContain('k3vQ9x')
  },
)

test('instances become servers with /mcp, a loopback Host and the token they expect [config/instances]', () => {
  const { config } = readInstances({
    INSTANCES: 'Bot_A=http://host:9090, b=https://h/own,',
    MCP_GATEWAY_AUTH_TOKEN: TOKEN,
    MCP_AUTH_TOKEN: OTHER,
    GATEWAY_PORT: '9300',
    GATEWAY_BIND_ADDR: '0.0.0.0',
  })
  const servers = Object.values(config?.servers ?? {}).map((server) => [
    server.name,
    server.kind === 'http' && [
      server.url,
      server.hostHeader,
      server.headers['Authorization']?.reveal(),
    ],
  ])
  expect(servers).toEqual([
    ['bot-a', ['http://host:9090/mcp', 'localhost:9090', `Bearer ${OTHER}`]],
    ['b', ['https://h/own', 'localhost:443', `Bearer ${OTHER}`]],
  ])
  expect(config).toMatchObject({
    listen: { host: '0.0.0.0', port: 9300 },
    admin: { host: '127.0.0.1', port: 9301 },
    limits: { requestBytes: 65_536 },
  })
  expect(config?.auth.tokens.map(({ values: [value] }) => value?.reveal())).toEqual([TOKEN])
})

test.each(['MCP_GATEWAY_AUTH_TOKEN', 'MCP_AUTH_TOKEN'])(
  '%s alone serves both sides [config/instances/token]',
  (variable) => {
    const { config } = readInstances({ INSTANCES: 'a=http://h:1', [variable]: TOKEN })
    const [server] = Object.values(config?.servers ?? {})
    expect(config?.auth.tokens[0]?.values[0]?.reveal()).toBe(TOKEN)
    expect(server?.kind === 'http' && server.headers['Authorization']?.reveal()).toBe(
      `Bearer ${TOKEN}`,
    )
  },
)
