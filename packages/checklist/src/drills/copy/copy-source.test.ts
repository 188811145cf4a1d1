import { expect, test } from 'vitest'
import { ownSource } from './client-source.ts'
import { commandsOf, copySource, type CopyChanges, treeOf } from './copy-source.ts'

const CHANGES: CopyChanges = {
  folder: '/srv/deployment',
  own: '/tmp/copy',
  callers: [{ name: 'caller', variable: 'DRILL_TOKEN', role: 'caller' }],
  relays: new Map([['far', 'http://127.0.0.1:4000']]),
  keepsLimits: false,
  prestarts: true,
  commands: new Map([['pass show it', { text: 'printed-secret' }]]),
}

test('a copy has a store, addresses and callers of its own, and nothing that reaches beyond it [drill/copy]', () => {
  const { tree } = copySource(
    {
      listen: '0.0.0.0:9100',
      admin: '0.0.0.0:9101',
      publicUrl: 'https://mcp.example.com',
      store: 'postgres://user:password@db/production',
      masterKey: '${env:MASTER}',
      auth: { tokens: ['${env:TOKEN}'], issuers: {}, anonymous: true },
      tracing: { url: 'https://collector.example.com' },
      slack: { clientId: 'x' },
      tenants: { acme: {} },
      endpoints: { all: { servers: ['own', 'slack'] } },
      mcpServers: { own: { command: 'node' } },
      groups: { both: { members: ['own', { server: 'slack', weight: 2 }], hideMembers: true } },
    },
    CHANGES,
  )
  expect(tree).toMatchObject({
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    store: 'sqlite:/tmp/copy/sallyport.db',
    auth: {
      anonymous: true,
      tokens: [{ name: 'caller', value: '${env:DRILL_TOKEN}', roles: ['caller'] }],
    },
    groups: { both: { members: ['own'], hideMembers: false } },
  })
  expect(Object.keys(tree).toSorted()).toEqual(
    ['admin', 'auth', 'groups', 'limits', 'listen', 'mcpServers', 'store'].toSorted(),
  )
})

test('references stay references and hold from another folder; secrets in the file and what commands print go into variables [drill/copy]', () => {
  const { tree, variables } = copySource(
    {
      mcpServers: {
        own: {
          command: './bin/server',
          args: ['--key', '${file:./key.pem}', '$${kept}'],
          env: { A: 'literal-secret', B: '${env:B}', C: 'x-${command:pass show it}' },
        },
        bare: { command: 'node', cwd: 'sub' },
        far: {
          url: 'https://far.example.com/mcp',
          headers: { authorization: 'Bearer literal-token' },
          tls: { ca: 'ca.pem', key: '-----BEGIN PRIVATE KEY-----' },
        },
      },
    },
    CHANGES,
  )
  const { own, bare, far } = treeOf(tree['mcpServers'])
  expect(own).toEqual({
    command: '/srv/deployment/bin/server',
    cwd: '/srv/deployment',
    args: ['--key', '${file:/srv/deployment/key.pem}', '$${kept}'],
    env: {
      A: '${env:SALLYPORT_DRILL_VALUE_1}',
      B: '${env:B}',
      C: 'x-${env:SALLYPORT_DRILL_VALUE_2}',
    },
  })
  expect(bare).toEqual({ command: 'node', cwd: '/srv/deployment/sub' })
  expect(far).toMatchObject({
    headers: { authorization: '${env:SALLYPORT_DRILL_VALUE_3}' },
    tls: { ca: '/srv/deployment/ca.pem', key: '${env:SALLYPORT_DRILL_VALUE_4}' },
    proxy: 'http://127.0.0.1:4000',
  })
  expect(Object.values(variables)).toEqual([
    'literal-secret',
    'printed-secret',
    'Bearer literal-token',
    '-----BEGIN PRIVATE KEY-----',
  ])
  expect(JSON.stringify(tree)).not.toMatch(/literal-|printed-|BEGIN/)
})

test('limits hold only where they are what is tried', () => {
  const source = {
    limits: { perPrincipal: { rate: '1/s' }, perTenant: { daily: 1 }, drainTimeout: '1s' },
    mcpServers: { own: { command: 'node', limits: { daily: 1 }, prestart: true } },
  }
  const free = copySource(source, { ...CHANGES, prestarts: false }).tree
  expect(free['limits']).toMatchObject({ perPrincipal: { rate: '100000/s' }, drainTimeout: '1s' })
  expect(treeOf(free['mcpServers'])['own']).toEqual({ command: 'node', cwd: '/srv/deployment' })
  const kept = copySource(source, { ...CHANGES, keepsLimits: true }).tree
  expect(kept['limits']).toEqual({ perPrincipal: { rate: '1/s' }, drainTimeout: '1s' })
  expect(treeOf(kept['mcpServers'])['own']).toMatchObject({ limits: { daily: 1 }, prestart: true })
})

test('the commands that are referenced are found, escaped ones are not', () => {
  const found = commandsOf({ a: ['${command:one}', 'x${command:two 2}'], b: '$${command:three}' })
  expect(found).toEqual(['one', 'two 2'])
})

test('the file of a client is read as clients do, and one of our own stays as it is', () => {
  const servers = {
    one: { type: 'stdio', command: 'node', args: ['${workspaceFolder}/a', '${KEY:-none}'] },
    two: { type: 'sse', url: 'https://two.example.com', headers: { a: '${env:TWO}' } },
  }
  expect(ownSource({ servers, inputs: [] }, '/srv')).toEqual({
    mcpServers: {
      one: { command: 'node', args: ['/srv/a', '${env:KEY:-none}'] },
      two: { transport: 'sse', url: 'https://two.example.com', headers: { a: '${env:TWO}' } },
    },
  })
  const own = { listen: '127.0.0.1:9100', mcpServers: servers }
  expect(ownSource(own, '/srv')).toBe(own)
})
