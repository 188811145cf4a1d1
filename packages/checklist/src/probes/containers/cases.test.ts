import { expect, test } from 'vitest'
import { dockerAnswers, type ServiceState } from '../../../test/fixtures/compose-deployment.ts'
import { at, type Given } from '../../../test/fixtures/host.ts'
import type { StandInAnswer } from '../../../test/fixtures/stand-in.ts'
import { dependsOn } from './depends-on.ts'
import { healthchecks } from './healthchecks.ts'
import { imagesPinned } from './images.ts'
import { restart } from './lifecycle.ts'
import { healthy, running } from './live.ts'
import { logRotation } from './log-rotation.ts'
import { mounts } from './mounts.ts'
import { internal, ports } from './network.ts'
import { nonRoot } from './non-root.ts'
import { tokenSurvives } from './token-survives.ts'
import { volumes } from './volumes.ts'

const services = (text: string, files: Readonly<Record<string, string>> = {}): Given => ({
  profile: 'compose',
  files: { 'compose.yaml': `name: stack\nservices:\n${text}`, ...files },
})

test.each([
  ['{"log-driver":"local"}', '', 'proved: compose.yaml:3: the service a logs by local'],
  [
    '{"log-opts":{"max-size":"10m","max-file":"3"}}',
    '',
    'proved: compose.yaml:3: the service a logs by json-file',
  ],
  [
    '{"log-driver":"local"}',
    ', logging: { driver: json-file }',
    'failed: compose.yaml:3: the service a logs by json-file without `max-size` and `max-file`: its log grows without end',
  ],
  [
    '{}',
    ', logging: { options: { max-size: 1m } }',
    'failed: compose.yaml:3: the service a logs by json-file without `max-file`: its log grows without end',
  ],
  [
    '{}',
    ', logging: { driver: none }',
    'failed: compose.yaml:3: the service a keeps no log: its `logging.driver` is `none`',
  ],
  [
    'no JSON',
    ', logging: { driver: journald }',
    'proved: compose.yaml:3: the service a logs by journald',
  ],
])(
  'with the daemon at %s and a service with%s, logs are judged [check/compose/log-rotation]',
  async (daemon, more, finding) => {
    const given = services(`  a: { image: "x:1"${more} }\n`, { 'etc/docker/daemon.json': daemon })
    expect(await at(logRotation, given)).toBe(finding)
  },
)

const container = (state: ServiceState = {}): StandInAnswer[] =>
  dockerAnswers({ a: { User: '', ...state } }, ['a'])

test.each([
  ['999', 'proved: docker top stack-a-1: the service a has processes of 999 alone'],
  ['0', 'failed: docker top stack-a-1: the service a has processes that run as root'],
])(
  'an image that changes to user %s by itself is told by its processes [check/compose/non-root]',
  async (uid, finding) => {
    const top = { when: 'top id-a *', out: `UID  PID\n${uid}  4711\n` }
    const given = {
      ...services('  a: { image: "x:1" }\n'),
      commands: { docker: [...container(), top] },
    }
    expect(await at(() => nonRoot, given)).toBe(finding)
  },
)

test('an image whose user nobody can tell is unproved [check/compose/non-root]', async () => {
  const given = services('  a: { image: "x:1" }\n')
  const missing = 'the service a names no `user`, and the command `docker` is not on the PATH'
  expect(await at(() => nonRoot, given)).toBe(`unproved: compose.yaml:3: ${missing}`)
  const noTop = { ...given, commands: { docker: container() } }
  expect(await at(() => nonRoot, noTop)).toMatch(/its processes cannot be seen$/)
})

test('docker that refuses leaves what runs unproved, with how to be allowed [check/compose/running]', async () => {
  const refusal = (err: string): Given => ({
    ...services('  a: { image: "x:1" }\n'),
    commands: { docker: [{ when: '*', err, code: 1 }] },
  })
  expect(await at(() => running, refusal('permission denied while trying to connect'))).toBe(
    'unproved: this user may not ask docker',
  )
  expect(await at(() => running, refusal('no'))).toBe('unproved: docker refuses to answer')
  const odd = { ...refusal(''), commands: { docker: [{ when: '*', out: 'NAME STATUS\n' }] } }
  expect(await at(() => running, odd)).toBe(
    'unproved: `docker inspect` answers in a form that is not known',
  )
})

test('a job that ended well is as it should be, one that failed is not [check/compose/running]', async () => {
  const text =
    '  a: { image: "x:1" }\n  b: { image: "x:1", profiles: [tools], depends_on: { a: { condition: service_completed_successfully } } }\n'
  const ended = (code: number) => ({
    ...services(text),
    commands: { docker: container({ Status: 'exited', ExitCode: code }) },
  })
  expect(await at(() => running, ended(0))).toMatch(/^proved: /)
  expect(await at(() => healthy, ended(0))).toMatch(/^proved: /)
  expect(await at(() => running, ended(1))).toMatch(
    /^failed: .*is to run to its end and is exited with code 1$/,
  )
  expect(await at(() => restart, services(text))).toBe(
    'proved: not looked at, as they run to their end or only when asked for: a, b',
  )
})

test('a health check of the Dockerfile counts, and is judged too [check/compose/healthchecks]', async () => {
  const build = (line: string) =>
    services('  a: { build: ./a }\n', { 'a/Dockerfile': `FROM x:1\n${line}\n` })
  expect(
    await at(() => healthchecks, build('HEALTHCHECK --interval=5s CMD ["sallyport", "health"]')),
  ).toMatch(/^proved/)
  expect(await at(() => healthchecks, build('HEALTHCHECK CMD curl http://x || exit 0'))).toMatch(
    /^failed: .*can never fail$/,
  )
  expect(await at(() => healthchecks, build('HEALTHCHECK NONE'))).toMatch(
    /^failed: .*has no `healthcheck`$/,
  )
  expect(
    await at(() => healthchecks, services('  a: { image: x, healthcheck: { disable: true } }\n')),
  ).toMatch(/turned off$/)
})

test('a build that is not here leaves its base unproved [check/compose/images-pinned]', async () => {
  expect(await at(() => imagesPinned, services('  a: { build: ./none }\n'))).toBe(
    'unproved: compose.yaml:3: none/Dockerfile is not there',
  )
  expect(
    await at(() => imagesPinned, services('  a: { build: "https://example.com/a.git" }\n')),
  ).toMatch(/^unproved: .*is built from what is not on this machine$/)
})

test('a dependency on a service that is not declared fails [check/compose/depends-on]', async () => {
  const text = '  a: { image: "x:1", depends_on: { b: { condition: service_healthy } } }\n'
  expect(await at(() => dependsOn, services(text))).toBe(
    'failed: compose.yaml:3: the service a depends on b, which is not declared',
  )
})

const WEB = '  web: { image: "x:1", ports: ["8443:443"] }\n'

test('ports may be declared, be those of a private network, or on loopback [check/compose/ports]', async () => {
  expect(await at(() => ports, services(WEB))).toBe(
    'failed: compose.yaml:3: the service web publishes 0.0.0.0:8443 to 443 for others, which `checklist.ports` does not name',
  )
  const declared = { ...services(WEB), source: { checklist: { ports: [8443] } } }
  expect(await at(() => ports, declared)).toMatch(/^proved: /)
  const gateway = (address: string) =>
    services(`  gate: { image: "sallyport:1", ports: ["${address}9100:9100"] }\n`)
  expect(await at(() => ports, gateway('10.0.0.1:'))).toMatch(/^proved: /)
  expect(await at(() => ports, gateway('[fd00::1]:'))).toMatch(/^proved: /)
  expect(await at(() => ports, gateway('203.0.113.7:'))).toMatch(/^failed: /)
  expect(
    await at(() => ports, services('  db: { image: "redis:7", ports: ["127.0.0.1:6379:6379"] }\n')),
  ).toMatch(/^proved: /)
  const everywhere = {
    ...services('  db: { image: "redis:7", ports: ["[::]:6379:6379"] }\n'),
    source: { checklist: { ports: [6379] } },
  }
  expect(await at(() => ports, everywhere)).toMatch(
    /^failed: .*publishes its data store at \[::\]:6379/,
  )
})

test('a server of a gateway outside may be on loopback, and not on the network of the host [check/compose/internal]', async () => {
  const bot = (more: string) =>
    services(`  bot: { image: "x:1", environment: { MCP_BIND_ADDR: 0.0.0.0 }, ${more} }\n`)
  expect(await at(() => ports, bot('ports: ["127.0.0.1:9090:9090"]'))).toMatch(/^proved: /)
  expect(await at(() => ports, bot('ports: ["9090:9090"]'))).toMatch(/^failed: /)
  expect(await at(() => internal, bot('ports: ["127.0.0.1:9090:9090"]'))).toMatch(/^proved: /)
  expect(await at(() => internal, bot('network_mode: host'))).toMatch(
    /is on the network of the host$/,
  )
})

test('a folder that the host empties keeps nothing, and one of PGDATA keeps all [check/compose/volumes]', async () => {
  const db = (more: string) => services(`  db: { image: "postgres:16", ${more} }\n`)
  expect(await at(() => volumes, db('volumes: ["/tmp/pg:/var/lib/postgresql/data"]'))).toMatch(
    /^failed: .*emptied when the host starts$/,
  )
  expect(
    await at(() => volumes, db('volumes: ["pg:/pg"], environment: { PGDATA: /pg/data }')),
  ).toMatch(/^proved: /)
  expect(await at(() => volumes, db('volumes: ["./pg:/var/lib/postgresql:ro"]'))).toMatch(
    /^failed: /,
  )
  expect(await at(() => volumes, db('tmpfs: [/var/lib/postgresql/data]'))).toBe(
    'failed: compose.yaml:3: the service db keeps /var/lib/postgresql/data on tmpfs, which is memory',
  )
  expect(await at(() => volumes, services('  a: { image: "x:1" }\n'))).toMatch(/^not_applicable: /)
})

test('a gateway that is passed its token by name alone needs it in a file [check/compose/token-survives]', async () => {
  const text = '  gate: { image: "sallyport:1", environment: [MCP_GATEWAY_AUTH_TOKEN] }\n'
  expect(await at(() => tokenSurvives, services(text))).toBe(
    'failed: compose.yaml:3: the service gate is passed MCP_GATEWAY_AUTH_TOKEN from the shell alone',
  )
  const kept = { '.env': `MCP_GATEWAY_AUTH_TOKEN=${'5f'.repeat(32)}\n` }
  expect(await at(() => tokenSurvives, services(text, kept))).toBe(
    'proved: compose.yaml:3: the service gate is passed MCP_GATEWAY_AUTH_TOKEN, which is kept in a file',
  )
  expect(await at(() => tokenSurvives, services('  a: { image: "x:1" }\n'))).toMatch(
    /^not_applicable: /,
  )
  expect(
    await at(
      () => tokenSurvives,
      services('  a: { image: "x:1", environment: { A: "${A_TOKEN}" } }\n'),
    ),
  ).toBe('failed: compose.yaml:3: the variable A_TOKEN is set nowhere that outlives a shell')
})

test('a default outlives the shell, but not what the shell says instead [check/compose/token-survives]', async () => {
  const given = services('  a: { image: "x:1", environment: { A: "${A_TOKEN:-none}" } }\n')
  expect(await at(() => tokenSurvives, given)).toBe(
    'proved: compose.yaml:3: the variable A_TOKEN is set nowhere and has a default',
  )
  expect(await at(() => tokenSurvives, { ...given, variables: { A_TOKEN: 'x' } })).toBe(
    'failed: compose.yaml:3: the variable A_TOKEN is set in this shell alone and is lost with it',
  )
})

const MOUNTED: readonly (readonly [
  name: string,
  service: string,
  files: Readonly<Record<string, string>>,
  finding: string | RegExp,
])[] = [
  [
    'an alert rule file that is not there',
    '  p: { image: "prom/prometheus:v2.55.0", volumes: ["./p:/etc/prometheus"] }\n',
    { 'p/prometheus.yml': 'global: {}\nrule_files:\n  - rules/*.yml\n' },
    'failed: p/prometheus.yml:2: the service p reads `rule_files` /etc/prometheus/rules/*.yml, which is not in what is mounted',
  ],
  [
    'an alert rule file outside of what is mounted',
    '  p: { image: "prom/prometheus:v2.55.0", volumes: ["./p.yml:/etc/prometheus/prometheus.yml"] }\n',
    { 'p.yml': 'rule_files: ["alerts.yml"]\n' },
    'failed: p.yml:1: the service p reads `rule_files` /etc/prometheus/alerts.yml, where nothing is mounted',
  ],
  [
    'an alert rule file that is there',
    '  p: { image: "prom/prometheus:v2.55.0", volumes: ["./p:/etc/prometheus"] }\n',
    { 'p/prometheus.yml': 'rule_files:\n  - rules/*.yml\n', 'p/rules/a.yml': 'groups: []\n' },
    /^proved: /,
  ],
  [
    'a key of Caddy that is not mounted',
    '  c: { image: "caddy:2.8", volumes: ["./Caddyfile:/etc/caddy/Caddyfile"] }\n',
    { Caddyfile: 'example.com {\n  tls /certs/a.crt /certs/a.key\n}\n' },
    /^failed: Caddyfile:2: the service c reads `tls` \/certs\/a\.crt, where nothing is mounted; Caddyfile:2: /,
  ],
  [
    'a secret of the gateway that is not given to it',
    '  g: { image: "sallyport:1", volumes: ["./sallyport.yaml:/etc/sallyport/sallyport.yaml:ro"] }\n',
    { 'sallyport.yaml': 'masterKey: "${file:/run/secrets/master}"\n' },
    'failed: sallyport.yaml:1: the service g reads `file` /run/secrets/master, where nothing is mounted',
  ],
  [
    'a key on a volume, which cannot be seen from here',
    '  n: { image: "nginx:1.27", volumes: ["certs:/certs", "./n.conf:/etc/nginx/nginx.conf"] }\n',
    { 'n.conf': 'ssl_certificate_key /certs/a.key;\n' },
    /^proved: /,
  ],
  [
    'a key in a mount that hides the one around it',
    '  n: { image: "nginx:1.27", volumes: ["./n:/etc/nginx", "./certs:/etc/nginx/certs"] }\n',
    {
      'n/nginx.conf': 'ssl_certificate_key certs/a.key;\n',
      'n/certs/a.key': 'hidden',
      'certs/b.key': 'key',
    },
    'failed: n/nginx.conf:1: the service n reads `ssl_certificate_key` /etc/nginx/certs/a.key, which is not in what is mounted',
  ],
  [
    'a folder that is not there',
    '  a: { image: "x:1", volumes: ["./none:/data"] }\n',
    {},
    'failed: compose.yaml:3: the service a mounts none, which is not there',
  ],
  [
    'a secret that nobody declares',
    '  a: { image: "x:1", secrets: [db] }\n',
    {},
    'failed: compose.yaml:3: the service a takes the secret db, which is not declared',
  ],
]

test.each(MOUNTED)(
  '%s is judged [check/compose/mounts]',
  async (_name, service, files, finding) => {
    const found = await at(() => mounts, services(service, files))
    if (typeof finding === 'string') expect(found).toBe(finding)
    else expect(found).toMatch(finding)
  },
)
