import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { at, COMPOSE, type Given } from '../../../test/fixtures/host.ts'
import type { StandInAnswer } from '../../../test/fixtures/stand-in.ts'
import { disk, memory } from './capacity.ts'
import { compose, docker } from './docker.ts'
import { firewall } from './firewall.ts'
import { listening } from './listening.ts'
import { registry } from './registry.ts'

const onDocker = (answers: readonly StandInAnswer[], more: Given = {}): Given => ({
  profile: 'compose',
  files: { 'compose.yaml': COMPOSE, ...more.files },
  ...more,
  commands: { docker: answers, ...more.commands },
})

const NO_DAEMON = {
  when: '*',
  out: '{"Client":{"Version":"28.2.2"},"Server":null}',
  err: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  code: 1,
}

test.each([
  ['20.10.24+dfsg1', 'proved: docker is 20.10.24+dfsg1'],
  ['28.2.2', 'proved: docker is 28.2.2'],
  ['20.9.1', 'failed: docker is 20.9.1, older than 20.10'],
  ['19.03.15', 'failed: docker is 19.03.15, older than 20.10'],
])('docker %s is %s [check/host/docker]', async (version, finding) => {
  const out = JSON.stringify({ Client: { Version: version }, Server: { Version: version } })
  expect(await at(() => docker, onDocker([{ when: 'version *', out }]))).toBe(finding)
})

test('docker that is absent or does not answer is unproved, and not needed without containers [check/host/docker]', async () => {
  const profile = 'compose'
  expect(await at(() => docker, { profile })).toBe(
    'unproved: the command `docker` is not on the PATH',
  )
  expect(await at(() => docker, onDocker([NO_DAEMON]))).toBe(
    'unproved: the docker daemon does not answer',
  )
  expect(await at(() => docker)).toMatch(/^not_applicable: nothing here runs in containers/)
  const inContainer = { mcpServers: { a: { command: 'docker', args: ['run', 'x'] } } }
  expect(await at(() => docker, { source: inContainer })).toMatch(/^unproved: /)
})

test.each([
  ['2.29.7\n', 'proved: docker compose is 2.29.7'],
  ['v2.0.0\n', 'proved: docker compose is v2.0.0'],
  ['1.29.2\n', 'failed: docker compose is 1.29.2, older than 2.0'],
  ['dev\n', 'unproved: the version of docker compose is not understood: dev'],
])('docker compose %j is %s [check/host/compose]', async (out, finding) => {
  expect(await at(() => compose, onDocker([{ when: 'compose version *', out }]))).toBe(finding)
})

test('an old docker-compose alone fails, and none is unproved [check/host/compose]', async () => {
  const unknown = { when: '*', err: 'docker: unknown command: docker compose\n', code: 1 }
  const old = { 'docker-compose': [{ when: 'version *', out: '1.29.2\n' }] }
  expect(await at(() => compose, onDocker([unknown], { commands: old }))).toBe(
    'failed: docker-compose is 1.29.2, older than 2.0',
  )
  expect(await at(() => compose, onDocker([unknown]))).toBe(
    'unproved: `docker compose` is not installed',
  )
  expect(await at(() => compose, { profile: 'compose' })).toBe(
    'unproved: the command `docker` is not on the PATH',
  )
})

test.each([
  [{ 'proc/meminfo': 'MemTotal:        8040648 kB\n' }, 'proved: /proc/meminfo: 7.7 GiB of memory'],
  [{ 'proc/meminfo': 'MemTotal:        3880000 kB\n' }, 'proved: /proc/meminfo: 3.7 GiB of memory'],
  [{ 'proc/meminfo': 'MemTotal:        2040648 kB\n' }, 'failed: /proc/meminfo: 1.9 GiB of memory'],
  [
    { 'proc/meminfo': 'MemTotal: 8040648 kB\n', 'sys/fs/cgroup/memory.max': '1073741824\n' },
    'failed: /sys/fs/cgroup: 1.0 GiB of 7.7 GiB of memory may be used',
  ],
  [
    { 'proc/meminfo': 'MemTotal: 8040648 kB\n', 'sys/fs/cgroup/memory.max': 'max\n' },
    'proved: /proc/meminfo: 7.7 GiB of memory',
  ],
  [{}, 'unproved: /proc/meminfo does not tell how much memory there is'],
])('memory of %j is %s [check/host/memory]', async (files, finding) => {
  expect(await at(memory, { files })).toBe(finding)
})

test('each disk that is written to needs 10 GiB free [check/host/disk]', async () => {
  const free = (gib: (path: string) => number) => () =>
    disk((path) => {
      if (path.endsWith('/absent'))
        return Promise.reject(Object.assign(new Error(), { code: 'ENOENT' }))
      return Promise.resolve({ bavail: gib(path) * 1024 ** 2, bsize: 1024 })
    })
  const source = { store: 'sqlite:/srv/state/absent/s.db' }
  expect(
    await at(
      free(() => 20),
      { source },
    ),
  ).toBe(
    'proved: : 20.0 GiB free for the deployment; /srv/state/absent: 20.0 GiB free for the store',
  )
  expect(
    await at(
      free((path) => (path === '/srv/state' ? 9 : 20)),
      { source },
    ),
  ).toBe('failed: /srv/state/absent: 9.0 GiB free for the store')
  const info = [{ when: 'info *', out: '/var/lib/docker\n' }]
  const small = free((path) => (path === '/var/lib/docker' ? 3 : 20))
  expect(await at(small, onDocker(info))).toBe(
    'failed: /var/lib/docker: 3.0 GiB free for the disk of docker',
  )
  expect(
    await at(
      free(() => 20),
      onDocker([NO_DAEMON]),
    ),
  ).toMatch(/^unproved: the disk of docker is not known/)
})

test('a registry that answers is proved, one that does not fails [check/host/registry]', async () => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/v2/' ? status : 500).end()
  })
  let status = 401
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  const files = { 'compose.yaml': `services: { a: { image: "127.0.0.1:${port}/a:1.0" } }\n` }
  const url = `http://127.0.0.1:${port}/v2/`
  try {
    expect(await at(() => registry(), { files })).toBe(`proved: ${url} answers 401`)
    status = 404
    expect(await at(() => registry(), { files })).toBe(
      `failed: ${url} answers 404, which is no registry's`,
    )
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
  expect(await at(() => registry(), { files })).toBe(
    `failed: ${url} cannot be reached: ECONNREFUSED`,
  )
  expect(await at(() => registry())).toBe('not_applicable: no image here is pulled from a registry')
  const broken = { 'compose.yaml': 'services: { a: [\n' }
  expect(await at(() => registry(), { files: broken })).toMatch(/^unproved: compose\.yaml.*YAML/)
})

const SOCKETS = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 0100007F:238C 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1',
  '   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1',
  '   2: 0F02000A:0016 0202000A:D5F2 01 00000000:00000000 02:000A7D1B 00000000     0        0 3 4',
]
const SIX = [
  SOCKETS[0],
  '   0: 00000000000000000000000000000000:1538 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 1 1',
  '   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 1 1',
]

test('what listens for others must be declared [check/host/listening]', async () => {
  const files = {
    'proc/net/tcp': `${SOCKETS.join('\n')}\n`,
    'proc/net/tcp6': `${SIX.join('\n')}\n`,
  }
  const ports = (list: number[]) => ({ checklist: { ports: list } })
  expect(await at(listening, { files, source: ports([22, 5432]) })).toBe(
    'proved: none but 22, 5432 is open to others',
  )
  expect(await at(listening, { files, source: ports([22]) })).toBe(
    'failed: port 5432 is open at [0:0:0:0:0:0:0:0], and `checklist.ports` does not name it',
  )
  expect(await at(listening, { files, source: ports([5432]) })).toBe(
    'failed: port 22 is open at 0.0.0.0, and `checklist.ports` does not name it',
  )
  expect(await at(listening, { files })).toBe(
    'unproved: nobody declared what may be open; now it is: 22, 5432',
  )
  expect(await at(listening)).toBe('unproved: /proc/net/tcp does not tell what listens')
  expect(await at(listening, { files: { ...files, '.dockerenv': '' } })).toBe(
    'unproved: this runs in a container and sees no socket of the host',
  )
})

const UFW =
  'Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n'
const nft = (policy: string, rules: readonly unknown[] = [], family = 'inet') =>
  JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family, name: 'filter', handle: 1 } },
      {
        chain: {
          family,
          table: 'filter',
          name: 'input',
          handle: 1,
          type: 'filter',
          hook: 'input',
          prio: 0,
          policy,
        },
      },
      ...rules.map((expr) => ({
        rule: { family, table: 'filter', chain: 'input', handle: 2, expr },
      })),
    ],
  })
const IPV6 = { 'proc/net/if_inet6': 'fe80000000000000 02 40 20 80     eth0\n' }
const ROOT_ONLY = { when: '*', err: 'Operation not permitted (you must be root)\n', code: 1 }

const FIREWALLS: readonly (readonly [string, Given, string])[] = [
  [
    'ufw that denies',
    { commands: { ufw: [{ when: 'status verbose', out: UFW }] }, files: IPV6 },
    'proved: ufw: IPv4 is denied by default; ufw: IPv6 is denied by default',
  ],
  [
    'ufw that allows',
    { commands: { ufw: [{ when: '*', out: UFW.replace('deny', 'allow') }] } },
    'failed: ufw: IPv4 is let in by default',
  ],
  [
    'ufw that is off',
    { commands: { ufw: [{ when: '*', out: 'Status: inactive\n' }] } },
    'unproved: none of ufw, nft and iptables tells of IPv4',
  ],
  [
    'nft with a policy',
    { commands: { nft: [{ when: '*', out: nft('drop') }] }, files: IPV6 },
    'proved: nft: IPv4 is denied by default; nft: IPv6 is denied by default',
  ],
  [
    'nft that accepts',
    { commands: { nft: [{ when: '*', out: nft('accept', [[{ accept: null }]]) }] } },
    'failed: nft: IPv4 is let in by default',
  ],
  [
    'nft with a last rule',
    {
      commands: {
        nft: [
          {
            when: '*',
            out: nft('accept', [
              [{ match: {} }, { accept: null }],
              [{ counter: {} }, { reject: {} }],
            ]),
          },
        ],
      },
    },
    'proved: nft: IPv4 is denied by default',
  ],
  [
    'nft for IPv4 alone',
    {
      commands: {
        nft: [{ when: '*', out: nft('drop', [], 'ip') }],
        ip6tables: [{ when: '*', out: '-P INPUT ACCEPT\n' }],
      },
      files: IPV6,
    },
    'failed: ip6tables: IPv6 is let in by default',
  ],
  [
    'iptables with a policy',
    {
      commands: {
        iptables: [{ when: '-S INPUT', out: '-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n' }],
      },
    },
    'proved: iptables: IPv4 is denied by default',
  ],
  [
    'iptables that accepts',
    { commands: { iptables: [{ when: '*', out: '-P INPUT ACCEPT\n' }] } },
    'failed: iptables: IPv4 is let in by default',
  ],
  [
    'no permission',
    {
      commands: {
        nft: [ROOT_ONLY],
        ufw: [{ when: '*', err: 'ERROR: You need to be root to run this script\n', code: 1 }],
      },
    },
    'unproved: this user may not ask ufw, nft about IPv4',
  ],
  [
    'a firewall beside one that may not be asked',
    { commands: { iptables: [{ when: '*', out: '-P INPUT ACCEPT\n' }], nft: [ROOT_ONLY] } },
    'unproved: this user may not ask nft about IPv4',
  ],
  ['no firewall at all', {}, 'unproved: none of ufw, nft and iptables tells of IPv4'],
]

test.each(FIREWALLS)(
  '%s is judged by what is left when no rule fits [check/host/firewall]',
  async (_name, given, finding) => {
    expect(await at(firewall, given)).toBe(finding)
  },
)
