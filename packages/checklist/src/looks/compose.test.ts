import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import { type Compose, composeFacts } from './compose.ts'

async function read(
  files: Readonly<Record<string, string>>,
  { source = {}, variables = {} }: { source?: unknown; variables?: Record<string, string> } = {},
): Promise<Compose> {
  await using place = await Place.make(files)
  const deployment = deploymentOf(place.folder, source, { variables })
  return await composeFacts(deployment, AbortSignal.timeout(5_000))
}

async function only(text: string, files: Readonly<Record<string, string>> = {}) {
  const compose = await read({ 'compose.yaml': text, ...files })
  const service = compose.services[0]
  if (service === undefined) throw new Error('the file has no service')
  return service
}

test('a folder without a compose file has no services and no gaps', async () => {
  expect(await read({ 'other.yaml': 'services: { a: { image: x } }' })).toEqual({
    projects: [],
    services: [],
    files: [],
    gaps: [],
  })
})

test.each([
  ['8080:80', '0.0.0.0', '8080', '80', 'tcp'],
  ['127.0.0.1:9100:9100', '127.0.0.1', '9100', '9100', 'tcp'],
  ['127.0.0.1::9100', '127.0.0.1', undefined, '9100', 'tcp'],
  ['[::1]:9100:9100', '::1', '9100', '9100', 'tcp'],
  ['[::]:9100:9100/udp', '::', '9100', '9100', 'udp'],
  ['9100', '0.0.0.0', undefined, '9100', 'tcp'],
  ['8000-8010:9000-9010', '0.0.0.0', '8000-8010', '9000-9010', 'tcp'],
])('the port %s is published at %s', async (text, ...rest) => {
  const [address, published, target, protocol] = rest
  const { ports } = await only(`services:\n  a:\n    image: x\n    ports:\n      - "${text}"\n`)
  expect(ports).toEqual([{ address, published, target, protocol, at: 'compose.yaml:5' }])
})

test('a port in long syntax names its address, and each key its line', async () => {
  const text =
    'services:\n  a:\n    image: x\n    ports:\n      - { target: 80, published: "81", host_ip: 127.0.0.1 }\n'
  const service = await only(text)
  const port = { address: '127.0.0.1', published: '81', target: '80', protocol: 'tcp' }
  expect(service.ports).toEqual([{ ...port, at: 'compose.yaml:5' }])
  expect([service.at(), service.at('ports'), service.at('user')]).toEqual([
    'compose.yaml:2',
    'compose.yaml:4',
    'compose.yaml:2',
  ])
})

test('variables come from the environment, then from the file beside, then from their default', async () => {
  const text = [
    'services:',
    '  a:',
    '    image: "x:${A}-${B}-${C:-${D:-d}}-${E-e}-${E:-e}-${F:+f}-$$G-$A"',
    '    environment: [A, "LITERAL=1", "REF=${B}"]',
  ].join('\n')
  const { services, projects } = await read(
    { 'compose.yaml': text, '.env': 'A=file\nB=file\nE=\n' },
    { variables: { A: 'shell' } },
  )
  expect(services[0]?.image).toBe('x:shell-file-d--e--$G-shell')
  expect(Object.fromEntries(services[0]?.environment ?? [])).toEqual({
    A: { value: 'shell', from: 'reference', at: 'compose.yaml:4' },
    LITERAL: { value: '1', from: 'literal', at: 'compose.yaml:4' },
    REF: { value: 'file', from: 'reference', at: 'compose.yaml:4' },
  })
  expect(projects[0]?.references.slice(0, 3)).toEqual([
    { name: 'A', at: 'compose.yaml:3', hasDefault: false, from: 'environment', empty: false },
    { name: 'B', at: 'compose.yaml:3', hasDefault: false, from: 'file', empty: false },
    { name: 'C', at: 'compose.yaml:3', hasDefault: true, from: undefined, empty: false },
  ])
})

test('merge keys and anchors are spread out', async () => {
  const text = [
    'x-base: &base',
    '  restart: always',
    '  logging: &log { driver: local }',
    'services:',
    '  a:',
    '    <<: *base',
    '    image: x',
    '    restart: "no"',
  ].join('\n')
  const { restart, logging } = await only(text)
  expect([restart, logging?.driver]).toEqual(['no', 'local'])
})

test('a bomb of aliases is a gap and no service', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level += 1) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    )
  }
  const { services, gaps } = await read({ 'compose.yaml': `${lines.join('\n')}\nservices: {}\n` })
  expect([services.length, gaps.length, gaps[0]?.text]).toEqual([
    0,
    1,
    'more than 50000 values or 64 levels',
  ])
})

test('an override is merged over its base: maps by key, lists appended, commands replaced', async () => {
  const base = [
    'services:',
    '  a:',
    '    image: x:1',
    '    command: [one, two]',
    '    environment: { A: "1", B: "1" }',
    '    ports: ["127.0.0.1:1:1"]',
    '    volumes: ["./a:/data", "b:/b"]',
    '    depends_on: [b]',
  ].join('\n')
  const over = [
    'services:',
    '  a:',
    '    command: [three]',
    '    environment: ["B=2"]',
    '    ports: ["127.0.0.1:2:2"]',
    '    volumes: ["./c:/data"]',
    '    depends_on: { c: { condition: service_healthy } }',
  ].join('\n')
  const { services } = await read({ 'compose.yaml': base, 'compose.override.yaml': over })
  const service = services[0]
  expect(service?.command).toEqual(['three'])
  expect([...(service?.environment ?? [])].map(([name, { value }]) => `${name}=${value}`)).toEqual([
    'A=1',
    'B=2',
  ])
  expect(service?.ports.map(({ target, at }) => `${target} ${at}`)).toEqual([
    '1 compose.yaml:6',
    '2 compose.override.yaml:5',
  ])
  expect(service?.mounts.map(({ target, source }) => [target, source?.split('/').pop()])).toEqual([
    ['/b', 'b'],
    ['/data', 'c'],
  ])
  expect(service?.dependsOn.map(({ service: name, condition }) => [name, condition])).toEqual([
    ['b', 'service_started'],
    ['c', 'service_healthy'],
  ])
})

test('`!reset` takes away and `!override` replaces', async () => {
  const { services } = await read({
    'compose.yaml': 'services: { a: { image: x, user: "0", ports: ["1:1"] } }',
    'compose.override.yaml': 'services: { a: { user: !reset null, ports: !override ["2:2"] } }',
  })
  expect([services[0]?.user, services[0]?.ports.map(({ target }) => target)]).toEqual([
    undefined,
    ['2'],
  ])
})

test('a file for production that stands alone is a project of its own, an overlay is not', async () => {
  const base = 'services: { a: { image: x } }'
  const alone = await read({ 'compose.yaml': base, 'compose.prod.yaml': base })
  expect(alone.projects.map(({ files }) => files.length)).toEqual([1, 1])
  const overlay = 'services: { a: { restart: always } }'
  const over = await read({ 'compose.yaml': base, 'docker-compose.prod.yml': overlay })
  expect(over.projects.map(({ services }) => services[0]?.restart)).toEqual(['always'])
})

test('files of the settings are one project, and one that is not there is a gap', async () => {
  const { services, gaps } = await read(
    { 'deploy/stack.yaml': 'services: { a: { image: x, build: ./src } }' },
    { source: { checklist: { compose: ['deploy/stack.yaml', 'deploy/none.yaml'] } } },
  )
  expect(services[0]?.build?.dockerfile).toMatch(/\/deploy\/src\/Dockerfile$/)
  expect(gaps).toEqual([{ at: 'deploy/none.yaml:1', text: 'the file is not there' }])
})

test('`COMPOSE_FILE` beside the file names what is run', async () => {
  const { files } = await read({
    '.env': 'COMPOSE_FILE=one.yaml:two.yaml\n',
    'one.yaml': 'services: { a: { image: x } }',
    'two.yaml': 'services: { b: { image: x } }',
    'compose.yaml': 'services: { c: { image: x } }',
  })
  expect(files.map((file) => file.split('/').pop())).toEqual(['one.yaml', 'two.yaml'])
})

test('`extends` is followed within the folder, and a gap of its service elsewhere', async () => {
  const { services, gaps } = await read({
    'compose.yaml': [
      'services:',
      '  base: { image: x, user: "1" }',
      '  a: { extends: { service: base }, restart: always }',
      '  b: { extends: { file: common.yaml, service: base } }',
      '  c: { image: x, extends: { file: ../elsewhere.yaml, service: base } }',
    ].join('\n'),
    'common.yaml': 'services: { base: { image: y } }',
  })
  expect(services.map(({ name, image, user, gap }) => [name, image, user, gap])).toEqual([
    ['base', 'x', '1', undefined],
    ['a', 'x', '1', undefined],
    ['b', 'y', undefined, undefined],
    ['c', 'x', undefined, 'what `extends` names at compose.yaml:5 could not be followed'],
  ])
  expect(gaps.map(({ service }) => service)).toEqual(['c'])
})

test('`include` is followed on this machine; what is elsewhere is a gap', async () => {
  const { services, gaps } = await read({
    'compose.yaml':
      'include: [parts/db.yaml, "oci://example.com/x"]\nservices: { a: { image: x } }',
    'parts/db.yaml': 'services: { db: { image: postgres, volumes: ["./d:/d"] } }',
  })
  expect(services.map(({ name }) => name)).toEqual(['a', 'db'])
  expect(services[1]?.mounts[0]?.source).toMatch(/\/parts\/d$/)
  expect(gaps).toEqual([
    { at: 'compose.yaml:1', text: 'what `include` names here is not on this machine' },
  ])
})

test('an `env_file` is read with its lines; one that is not there is a gap unless optional', async () => {
  const { services, gaps } = await read({
    'compose.yaml':
      'services: { a: { image: x, env_file: [a.env, { path: n.env, required: false }, m.env] } }',
    'a.env': '# note\nTOKEN=one\n',
  })
  expect(services[0]?.environment.get('TOKEN')).toEqual({
    value: 'one',
    from: 'file',
    at: 'a.env:2',
  })
  expect(gaps).toEqual([{ at: 'compose.yaml:1', text: 'm.env is not there', service: 'a' }])
})

test.each([
  ['[CMD, curl, -f, x]', ['CMD', 'curl', '-f', 'x'], false],
  ['curl -f x || exit 1', ['CMD-SHELL', 'curl -f x || exit 1'], false],
  ['[NONE]', ['NONE'], true],
])('the health check %s is read', async (text, words, disabled) => {
  const { healthcheck } = await only(
    `services: { a: { image: x, healthcheck: { test: ${text} } } }`,
  )
  expect([healthcheck?.test, healthcheck?.disabled]).toEqual([words, disabled])
})

test('limits are read where compose takes them from', async () => {
  const limits = async (text: string) => {
    const { memoryLimit, cpuLimit } = await only(`services: { a: { image: x, ${text} } }`)
    return [memoryLimit, cpuLimit]
  }
  expect(await limits('mem_limit: 512m, cpus: 0.50')).toEqual(['512m', '0.50'])
  const deploy = 'deploy: { resources: { limits: { memory: 1g, cpus: "2" } } }'
  expect(await limits(deploy)).toEqual(['1g', '2'])
  expect(await limits('restart: always')).toEqual([undefined, undefined])
})

test('a broken file is a gap with its line and none of its text', async () => {
  const { gaps } = await read({ 'compose.yaml': 'services:\n  a: [secret\n' })
  expect(gaps).toEqual([
    { at: expect.stringMatching(/^compose\.yaml:\d$/), text: 'this is not valid YAML' },
  ])
})
