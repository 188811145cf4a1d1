import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig, requireConfig, type ConfigRequest, type LoadedConfig } from './load.ts'
import { problemsOf, problemText } from './problem.ts'
import { toValue } from './source-tree.ts'

const schema = z.strictObject({
  environment: z.string().default('local'),
  name: z.string().max(10).default('none'),
  port: z.int().min(1).max(65_535).default(80),
  on: z.boolean().default(false),
  list: z.array(z.string()).default([]),
  deep: z
    .strictObject({ inner: z.strictObject({ value: z.string().default('') }).prefault({}) })
    .prefault({}),
  items: z
    .record(z.string().regex(/^[a-z]+$/, 'a name is a-z'), z.strictObject({ size: z.int().max(9) }))
    .default({}),
})
type Config = z.output<typeof schema>

/** Loads `main.yaml` with the other files beside it. */
function load(
  files: Readonly<Record<string, string>>,
  more: Partial<ConfigRequest<Config>> = {},
): LoadedConfig<Config> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-kit-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    const overlay = {
      key: 'environment',
      fallback: 'local',
      fileName: (value: string) => `over.${value}.yaml`,
    }
    return loadConfig({ file: join(folder, 'main.yaml'), schema, env: {}, overlay, ...more })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function told(loaded: LoadedConfig<Config>): string[] {
  return loaded.problems.map(
    ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
  )
}

test('a missing file, a folder and bytes that are no text are each refused in words', () => {
  expect(told(load({}))).toEqual(['0:0 : there is no such file'])
  expect(told(load({ 'main.yaml/x': '' }))).toEqual(['0:0 : this is a folder'])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-kit-'))
  const file = join(folder, 'main.yaml')
  writeFileSync(file, Buffer.from([0x61, 0xff, 0x0a]))
  expect(loadConfig({ file, schema, env: {} }).problems[0]?.message).toBe(
    'the file is not UTF-8 text',
  )
  rmSync(folder, { recursive: true })
})

test('a file of 1 MiB is read and one byte more is refused [config/bombs]', () => {
  const comment = `#${'x'.repeat(1_048_575)}`
  expect(load({ 'main.yaml': comment }).ok).toBe(true)
  expect(told(load({ 'main.yaml': `${comment}x` }))).toEqual([
    '0:0 : the file is larger than 1048576 bytes',
  ])
})

test('a value of the right kind and a list that is none are answered with what to write [config/problems]', () => {
  const strict = schema.extend({ version: z.literal(1).default(1) })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-kit-'))
  const file = join(folder, 'main.yaml')
  writeFileSync(file, 'version: 2\nlist: a\n')
  const { problems } = loadConfig({ file, schema: strict, env: {} })
  rmSync(folder, { recursive: true })
  expect(problems.map(({ message, remedy }) => `${message}; ${remedy}`)).toEqual([
    'expected `1`, got 2; write 1',
    'expected a list, got text of 1 character; write it as a list, in brackets: [a, b]',
  ])
})

test.each([
  ['deep: true', 'expected a map, got `true`; write its keys indented below it, or in braces'],
  ['port: "80"', 'expected a number, got text of 2 characters; write a number, without quotes'],
  ['on: "true"', 'expected true or false, got text of 4 characters; write true or false, without'],
  ['port: 65536', 'must be at most 65535, got 65536; write 65535 or less'],
  ['port: 0', 'must be at least 1, got 0; write 1 or more'],
  [
    'name: abcdefghijk',
    'must be text of at most 10 characters, got text of 11 characters; shorten',
  ],
  ['items: { A: { size: 1 } }', 'a name is a-z; rename it'],
])('%s is answered with its shape and what to write [config/problems]', (text, expected) => {
  const { problems } = load({ 'main.yaml': text })
  expect(problems.map(({ message, remedy }) => `${message}; ${remedy}`)).toEqual([
    expect.stringContaining(expected),
  ])
})

test.each([
  ['of: all', 'of', 'expected one of `none`, `some`, got text of 3 characters'],
  ['of: 7', 'of', 'expected one of `none`, `some`, got a number'],
  ['of: []', 'of', 'must be a list of at least 1, got a list of 0'],
  ['of: [a, bcd]', 'of[1]', 'must be text of at most 2 characters, got text of 3 characters'],
])('%s names the item and the form that was meant [config/problems]', (text, path, message) => {
  const words = z.enum(['none', 'some'])
  const choice = z.strictObject({ of: z.union([words, z.array(z.string().max(2)).min(1)]) })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-kit-'))
  const file = join(folder, 'main.yaml')
  writeFileSync(file, text)
  const { problems } = loadConfig({ file, schema: choice, env: {} })
  rmSync(folder, { recursive: true })
  expect(problems.map((problem) => [problem.path, problem.message])).toEqual([[path, message]])
})

test.each([
  ['two documents', 'name: a\n---\nname: b\n', '2:1 : the file holds several documents'],
  ['a key twice', 'name: a\nname: b\n', '2:1 : this key appears twice'],
  ['an open quote', 'name: "a\n', '2:1 : a quote, bracket, comma or colon is missing'],
  ['a list at the top', '- a\n', '1:1 : the file must be a map of keys'],
  ['an open brace', 'deep: { a:\nname: b\n', '1:11 : a bracket before this is not closed'],
  ['an open bracket', 'list: [a', '1:9 : a bracket before this is not closed'],
  ['a crooked key', 'deep:\n  a: 1\n b: 2\n', '3:1 : the indentation does not fit'],
  ['a tab', 'deep:\n\tinner: {}\n', '2:1 : a tab is used as indentation'],
])('%s is refused with its position [config/problems]', (_case, text, expected) => {
  expect(told(load({ 'main.yaml': text }))[0]).toBe(expected)
})

test('a bomb of aliases and a tower of brackets are refused in bounded time [config/bombs]', () => {
  const rows = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 12; level += 1) {
    const [name, below] = [String.fromCharCode(97 + level), String.fromCharCode(96 + level)]
    rows.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${below}`).join(', ')}]`)
  }
  expect(told(load({ 'main.yaml': rows.join('\n') }))[0]).toMatch(/more than 50000 values/)
  expect(told(load({ 'main.yaml': '['.repeat(100_000) })).length).toBeLessThanOrEqual(10)
  expect(told(load({ 'main.yaml': `deep: ${'['.repeat(200)}${']'.repeat(200)}` }))[0]).toMatch(
    /64 levels/,
  )
})

test('an alias that contains itself is refused', () => {
  expect(load({ 'main.yaml': 'deep: &a { inner: *a }' }).ok).toBe(false)
})

test('maps merge, lists and scalars replace, null removes [config/overlay]', () => {
  const loaded = load({
    'main.yaml':
      'environment: prod\nname: a\nlist: [a, b]\nport: 1\nitems: { a: { size: 1 }, b: { size: 2 } }',
    'over.prod.yaml': 'name: b\nlist: [c]\nport: null\nitems: { a: null, c: { size: 3 } }',
    'over.local.yaml': 'name: never',
  })
  expect(requireConfig(loaded)).toMatchObject({
    name: 'b',
    list: ['c'],
    port: 80,
    items: { b: { size: 2 }, c: { size: 3 } },
  })
})

test('a problem of the overlay names the overlay and its line', () => {
  const loaded = load({ 'main.yaml': 'name: a', 'over.local.yaml': '\nnmae: b' })
  expect(
    loaded.problems.map(({ file, line }) => [file.endsWith('/over.local.yaml'), line]),
  ).toEqual([[true, 2]])
})

test('an environment that is a path finds no overlay outside the folder', () => {
  const loaded = load(
    { 'main.yaml': 'environment: "${env:WHERE}"', 'x/y.yaml': 'name: over' },
    {
      env: { WHERE: '/../x/y' },
      overlay: { key: 'environment', fallback: 'local', fileName: (v) => `${v}.yaml` },
    },
  )
  expect(requireConfig(loaded).name).toBe('none')
})

test('references bring in variables, defaults and files, and a number where one belongs [config/references] [config/dotenv]', () => {
  const loaded = load(
    {
      'main.yaml':
        'name: "<${env:A}>"\nport: ${env:PORT:-8080}\non: ${env:ON}\nlist: ["${file:./s}", "$${env:A}", "${env:EMPTY:-d}", "${env:A:-}"]\n',
      s: 'from ${env:A}\n\n',
      '.env': 'A=dotenv\nON=true\nEMPTY=\n',
    },
    { env: { A: 'proc' } },
  )
  expect(requireConfig(loaded)).toMatchObject({
    name: '<proc>',
    port: 8_080,
    on: true,
    list: ['from ${env:A}\n', '${env:A}', 'd', 'proc'],
  })
})

test.each([
  ['${env:X}', 'the environment variable X is not set'],
  ['${env:E}', 'the environment variable E is empty'],
  ['${X}', 'unknown reference `${X}`'],
  ['${env:X', 'a `${` is never closed'],
  ['${file:./none}', '${file:./none}: there is no such file'],
  ['${file:./blank}', '${file:./blank}: the file is empty'],
  ['${file:./big}', '${file:./big}: the file is larger than 65536 bytes'],
])('%s is refused at its key [config/references]', (reference, message) => {
  const files = {
    'main.yaml': `deep: { inner: { value: '${reference}' } }`,
    blank: '\n',
    big: 'x'.repeat(65_537),
  }
  expect(told(load(files, { env: { E: '' } }))).toEqual([`1:25 deep.inner.value: ${message}`])
})

test('a secret is read where the platform lays it, and its name is no path [config/references]', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))
  writeFileSync(join(folder, 'db_password'), 'hunter2\n')
  writeFileSync(join(folder, '..data'), 'never')
  const env = { CREDENTIALS_DIRECTORY: folder }
  const name = (reference: string): unknown => {
    const loaded = load({ 'main.yaml': `name: "\${secret:${reference}}"` }, { env })
    return loaded.ok ? loaded.config.name : loaded.problems[0]?.message
  }
  expect(name('db_password')).toBe('hunter2')
  expect(name('none')).toBe('${secret:none}: there is no such file')
  for (const path of ['../x', '/etc/passwd', '..', '.', '..data', 'a/b', '']) {
    expect(name(path)).toBe(`unknown reference \`\${secret:${path}}\``)
  }
  rmSync(folder, { recursive: true })
})

test('commands are asked for once each and their output is not looked at again [config/references]', () => {
  const text = 'name: "${command:show a}"\nlist: ["${command:show b}", "<${command:show a}>"]'
  expect(load({ 'main.yaml': text })).toMatchObject({ ok: false })
  expect(load({ 'main.yaml': text }).commands).toEqual(['show a', 'show b', 'show a'])
  const commands = new Map([
    ['show a', { text: '${env:A}' }],
    ['show b', { text: 'b' }],
  ])
  const loaded = load({ 'main.yaml': text }, { commands })
  expect(loaded.commands).toEqual([])
  expect(requireConfig(loaded)).toMatchObject({ name: '${env:A}', list: ['b', '<${env:A}>'] })
  expect(loaded.ok && loaded.text).toContain('${command:show a}')
})

test('text that is not a number stays wrong where a number belongs', () => {
  const loaded = load({ 'main.yaml': 'port: ${env:P}' }, { env: { P: '80a' } })
  expect(told(loaded)).toEqual(['1:1 port: expected a number, got text of 3 characters'])
})

test('everything that is wrong is reported at once, in the order of the file [config/problems]', () => {
  const loaded = load({
    'main.yaml': `prot: 0
name: far-too-long-a-name
deep: { inner: { valeu: x }, extra: 1 }
items:
  Bad: { size: 10 }
  good: {}
list: [1, a, 2]
`,
  })
  expect(told(loaded)).toEqual([
    '1:1 prot: unknown key `prot`, did you mean `port`?',
    '1:1 prot: must be at least 1, got 0',
    '2:1 name: must be text of at most 10 characters, got text of 19 characters',
    '3:18 deep.inner.valeu: unknown key `valeu`, did you mean `value`?',
    '3:30 deep.extra: unknown key `extra`',
    '5:3 items.Bad: a name is a-z',
    '5:10 items.Bad.size: must be at most 9, got 10',
    '6:3 items.good.size: this key is required',
    '7:8 list[0]: expected text, got a number',
    '7:14 list[2]: expected text, got a number',
  ])
})

test('no message holds a value [config/secrets]', () => {
  const secret = 'Hunter2Hunter2Hunter2'
  const loaded = load(
    {
      'main.yaml': `name: "\${env:S}"\nport: ${secret}\nitems: ${secret}\nlist: "${secret}"\non: ${secret}\ndeep: [${secret}]`,
    },
    { env: { S: secret } },
  )
  expect(loaded.problems).toHaveLength(6)
  expect(loaded.problems.map(problemText).join()).not.toContain(secret)
  expect(told(load({ 'main.yaml': `name: "${secret}" ${secret}: x` })).join()).not.toContain(secret)
})

test('rules see the draft of a wrong configuration and do not repeat what is known', () => {
  const loaded = load(
    { 'main.yaml': 'nmae: x\nport: 0' },
    {
      rules: (config, report) => {
        report(['port'], 'a rule about a wrong key', {})
        report(['name'], `a rule about ${config.name}`, { severity: 'warning' })
      },
    },
  )
  expect(told(loaded)).toEqual([
    '1:1 nmae: unknown key `nmae`, did you mean `name`?',
    '1:1 nmae: a rule about x',
    '2:1 port: must be at least 1, got 0',
  ])
})

test('the error of a refused configuration carries all problems', () => {
  const loaded = load({ 'main.yaml': 'port: 0\non: 3' })
  let thrown: unknown
  try {
    requireConfig(loaded)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'config_invalid', details: { problems: 2 } })
  expect(problemsOf(thrown)).toEqual(loaded.problems)
})

// Nothing is unreadable to root.
test.skipIf(process.getuid?.() === 0)(
  'a .env that cannot be read is a problem and not ignored',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-kit-'))
    writeFileSync(join(folder, 'main.yaml'), '')
    writeFileSync(join(folder, '.env'), 'A=1')
    chmodSync(join(folder, '.env'), 0)
    expect(loadConfig({ file: join(folder, 'main.yaml'), schema, env: {} }).ok).toBe(false)
    rmSync(folder, { recursive: true })
  },
)

test('a document that cannot be used is given as it was read, with references where they resolve', () => {
  const env = { PORT: 'none' }
  const loaded = load(
    {
      'main.yaml': 'environment: prod\nport: ${env:PORT}\nname: ${env:MISSING}\nwrong: 1\n',
      'over.prod.yaml': 'on: true\n',
    },
    { env },
  )
  if (loaded.ok) throw new Error('it loads')
  const { root, text } = loaded.read ?? {}
  expect(JSON.parse(text ?? '')).toEqual({
    ...{ environment: 'prod', port: '${env:PORT}', name: '${env:MISSING}', wrong: 1, on: true },
  })
  expect(root && { ...(toValue(root) as object) /* a map */ }).toEqual({
    ...{ environment: 'prod', port: 'none', name: '', wrong: 1, on: true },
  })
})

test('of a file that is no document nothing is given', () => {
  expect(load({ 'main.yaml': 'a: [' })).not.toHaveProperty('read')
  expect(load({})).not.toHaveProperty('read')
})
