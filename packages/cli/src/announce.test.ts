import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadGatewayConfig } from '@sallyport/gateway/config'
import { ManualClock } from '@sallyport/kit/clock'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { announce } from './announce.ts'
import type { Configuration } from './configuration.ts'
import { FakeTerminal } from './terminal.ts'

const KEY = 'sp_abcdefgh_secret'
const FIRST = { id: 'abcdefgh', name: 'first', key: KEY }

let folder = ''
let configuration: Configuration

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'announce-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  configuration = load('store: sqlite:./s.db')
})

function load(yaml: string): Configuration {
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, yaml)
  const source = { kind: 'file', file } as const
  const loaded = loadGatewayConfig({ source, env: {}, cwd: folder })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return { ...loaded, source }
}

async function announced(
  terminal: FakeTerminal,
  {
    firstKey,
    json = false,
    dataAddress = '127.0.0.1:9100',
  }: {
    firstKey: typeof FIRST | undefined
    json?: boolean
    dataAddress?: string
  },
): Promise<string> {
  const context = {
    terminal,
    environment: {},
    cwd: folder,
    clock: new ManualClock(),
    readStdin: async () => '',
  }
  const gateway = { dataAddress, adminAddress: '127.0.0.1:9101', firstKey }
  await announce(context, gateway, { configuration, json })
  return terminal.printed.join('\n')
}

const keyFile = (): string => join(folder, 's.db.first-key')

test('shows the first key to a person at a terminal, ready to paste, and writes it nowhere [command/first-key/terminal]', async () => {
  const text = await announced(new FakeTerminal(true), { firstKey: FIRST })
  expect(text).toContain(`API key:      ${KEY}   (shown only this once)`)
  expect(text).toContain(
    `claude mcp add --transport http sallyport http://127.0.0.1:9100/mcp --header "Authorization: Bearer ${KEY}"`,
  )
  expect(() => statSync(keyFile())).toThrow('ENOENT')
})

test.each([
  ['a pipe', false, false],
  ['a program', false, true],
  ['a program at a terminal', true, true],
])(
  'keeps the first key from %s and writes it to a file of mode 600 [command/first-key/file]',
  async (_case, tty, json) => {
    // What an earlier store left, open to others.
    writeFileSync(keyFile(), 'old', { mode: 0o644 })
    const terminal = new FakeTerminal(tty)
    const text = await announced(terminal, { firstKey: FIRST, json })
    expect(text + terminal.noted.join('\n')).not.toContain(KEY)
    expect(text + terminal.noted.join('\n')).toContain(keyFile())
    expect(readFileSync(keyFile(), 'utf8')).toBe(`${KEY}\n`)
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
  },
)

test('prints one line of JSON for programs and nothing else on stdout [command/up/json]', async () => {
  const terminal = new FakeTerminal()
  const text = await announced(terminal, { firstKey: FIRST, json: true })
  expect(JSON.parse(text)).toEqual({
    data: 'http://127.0.0.1:9100',
    admin: 'http://127.0.0.1:9101',
    pid: process.pid,
    firstKeyFile: keyFile(),
  })
  expect(terminal.noted).toEqual([])
})

test('a later start says how to make another key and puts a placeholder into the snippets [command/second-start]', async () => {
  const text = await announced(new FakeTerminal(true), { firstKey: undefined })
  expect(text).not.toContain('API key:')
  expect(text).toContain(`sallyport keys create NAME --config ${configuration.file}`)
  expect(text).toContain('Bearer YOUR_KEY')
})

test('gives clients an address they can use: the public one, else loopback for every interface', async () => {
  const everywhere = { firstKey: undefined, dataAddress: '0.0.0.0:9100' }
  expect(await announced(new FakeTerminal(), everywhere)).toContain('http://127.0.0.1:9100/mcp')
  configuration = load('publicUrl: https://mcp.example.com/')
  expect(await announced(new FakeTerminal(), everywhere)).toContain('https://mcp.example.com/mcp')
})
