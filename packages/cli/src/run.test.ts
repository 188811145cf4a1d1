import { ManualClock } from '@sallyport/kit/clock'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import type { Context } from './context.ts'
import { createProgram } from './program.ts'
import { run } from './run.ts'
import { FakeTerminal } from './terminal.ts'

interface Ran {
  readonly code: number
  readonly printed: string
  readonly noted: string
}

const CONTEXT: Omit<Context, 'terminal'> = {
  environment: {},
  cwd: '/nowhere',
  clock: new ManualClock(),
  readStdin: async () => '',
}

async function runWith(args: readonly string[], more: Partial<Context> = {}): Promise<Ran> {
  const terminal = new FakeTerminal()
  const context: Context = { ...CONTEXT, terminal, ...more }
  const code = await run(context, args)
  return { code, printed: terminal.printed.join('\n'), noted: terminal.noted.join('\n') }
}

test.each([
  [['nonsense'], /unknown command 'nonsense'/],
  [['up', '--nonsense'], /unknown option '--nonsense'.*see: sallyport up --help/s],
  [['up', 'extra'], /too many arguments.*see: sallyport up --help/s],
  [['keys', 'creat', 'x'], /unknown command 'creat'.*Did you mean create\?/s],
  [['keys', 'create'], /missing required argument 'name'.*see: sallyport keys create --help/s],
  [['keys', 'create', 'x', '--role', 'Root'], /--role must be the name of a role, such as caller/],
  [['keys', 'rotate', 'x', '--overlap', '31d'], /--overlap takes a duration such as 24h, from 0s/],
  [['keys', 'create', 'x', '--allow-from', '10.0.0.0/33'], /--allow-from expected an IP address/],
  [['keys', 'create', 'x', '--servers', 'A,b'], /--servers a name is 1 to 32 of a-z/],
  [['roles', 'create', 'x', '--permissions', 'mcp.fly'], /--permissions must be one of mcp.list/],
  [['roles', 'change', 'x'], /nothing to change: give --permissions or --description/],
  [['tenants', 'change', 'x'], /nothing to change: give --title/],
  [['keys', 'create', 'x', '--expires', 'soon'], /--expires takes a duration such as 12h or 30d/],
  [
    ['keys', 'create', 'x', '--expires', '0s'],
    /^sallyport: --expires takes a duration such as 12h or 30d, from 1s to 3650d, got 0s$/,
  ],
  [['keys', 'create', 'x', '--expires', '3651d'], /--expires takes .* got 3651d$/],
  [['keys', 'create', 'x\u0007'], /the name must be 1 to 64 printable characters/],
  [
    ['keys', 'create', ''],
    /^sallyport: the name must be 1 to 64 printable .* such as alice, got empty text$/,
  ],
  [['keys', 'create', 'x', '--tenant', 'A b'], /--tenant must be 1 to 32 of .* 3 characters$/],
  [['call', 'x', '{'], /the arguments are not JSON/],
  [['call', 'x', '[1]'], /the arguments are not an object/],
  [['call', 'x', '-', '--key-stdin'], /stdin holds either the key or the arguments/],
  [['tools', '--url', 'ftp://x'], /--url takes an http or https URL/],
  [['tools', '--url', 'http://a:b@x'], /takes no user or password/],
  [['tools', '--url', 'http://x', '--key-file', 'absent'], /cannot be read \(ENOENT\)/],
  [['tools', '--url', 'http://x', '--key-stdin'], /stdin holds no key/],
  [['audit', 'list', '--since', 'yesterday'], /--since takes a duration/],
  [['audit', 'list', '--limit', '0'], /--limit must be a number from 1 to 1000, got text of 1/],
  [
    ['audit', 'list', '--outcome', 'blah'],
    /^sallyport: --outcome must be one of pending, ok, .*cancelled, got text of 4 characters$/,
  ],
  [['audit', 'list', '--request', ''], /--request must be text of at least 1 character, got/],
  [['validate', 'a', '--config', 'b'], /give the file once/],
  [
    ['servers', 'restart'],
    /missing required argument 'name'.*see: sallyport servers restart --help/s,
  ],
  [['servers', 'restat', 'x'], /`servers` has no `restat`: did you mean `restart`\?$/],
  [['servers', 'files'], /`servers` has no `files`: see: sallyport servers --help$/],
  [['servers', 'logs', 'x', '--lines', '0'], /--lines takes a number from 1 to 1000$/],
  [['servers', 'logs', 'x', '--lines', '1001'], /--lines takes a number from 1 to 1000$/],
  [
    ['servers', 'block', 'x', '--reason', 'a\nb'],
    /^sallyport: --reason must be at most 500 printable characters on one line, got text of 3 /,
  ],
  [['servers', 'unblock', 'x', '--reason', 'y'], /unknown option '--reason'/],
  [['drain', '--reason', 'x'.repeat(501)], /--reason must be at most 500 .* of 501 characters$/],
  [['drain', '--off', '--reason', 'x'], /--reason belongs to a drain: leave it out with --off$/],
  [['config', 'show', 'x'], /a generation is named by its number/],
  [['config', 'rollback', '0'], /a generation is named by its number/],
  [['config', 'diff'], /there is no .*sallyport\.yaml/],
  [['keys', 'list'], /there is no .*sallyport\.yaml: give --config FILE/],
  [['up', '--plan'], /there is no .*sallyport\.yaml/],
])('refuses %j as wrong usage, with a sentence [command/usage]', async (args, sentence) => {
  const { code, printed, noted } = await runWith(args)
  expect({ code, printed }).toEqual({ code: 2, printed: '' })
  expect(noted).toMatch(/^sallyport: /)
  expect(noted).toMatch(sentence)
})

test('shows help and ends with 2 when no verb was given', async () => {
  const { code, noted } = await runWith([])
  expect(code).toBe(2)
  expect(noted).toContain('Usage: sallyport')
})

test('reports an expected failure as JSON with --json, on stderr', async () => {
  const { code, printed, noted } = await runWith(['keys', 'list', '--json'])
  expect({ code, printed }).toEqual({ code: 2, printed: '' })
  expect(JSON.parse(noted)).toMatchObject({ error: { code: 'usage', retryable: false } })
})

test('names the gateway it cannot reach and ends with 1', async () => {
  const { code, noted } = await runWith(['tools', '--url', 'http://127.0.0.1:1'])
  expect({ code, noted }).toEqual({
    code: 1,
    noted:
      'sallyport: nothing answers at http://127.0.0.1:1 (ECONNREFUSED): is the gateway running?',
  })
})

test.each([
  [
    ['--help'],
    ['up', 'validate', 'keys', 'tools', 'call', 'servers', 'drain', 'config', 'audit', 'health'],
  ],
  [['--help'], ['Exit codes:', 'SALLYPORT_KEY', 'Examples:']],
  [
    ['up', '--help'],
    ['--plan', '--json', 'SIGTERM', 'sallyport up --config gateway.yaml'],
  ],
  [
    ['keys', 'create', '--help'],
    ['--expires', '--role', '30d'],
  ],
  [
    ['call', '--help'],
    ['everything__echo', '- reads it from stdin'],
  ],
])('%j prints help for strangers [command/help]', async (args, words) => {
  const { code, printed } = await runWith(args)
  expect(code).toBe(0)
  for (const word of words) expect(printed).toContain(word)
})

test.each([
  [['help'], 'Usage: sallyport '],
  [['help', 'up'], 'Usage: sallyport up '],
  [['servers', '--help'], 'Usage: sallyport servers '],
  [['servers', 'list', '--help'], 'Usage: sallyport servers list '],
  [['audit', 'help', 'verify'], 'Usage: sallyport audit verify '],
])('%j prints help [command/help]', async (args, usage) => {
  const { code, printed } = await runWith(args)
  expect(code).toBe(0)
  expect(printed.startsWith(usage)).toBe(true)
})

test('every verb and every word below it has a description of one line and an example [command/help]', async () => {
  const context = { ...CONTEXT, terminal: new FakeTerminal() }
  const seen: string[] = []
  const visit = async (command: Command, path: readonly string[]): Promise<void> => {
    expect(command.description(), path.join(' ')).toMatch(/^[^\n]+\.$/)
    const { printed } = await runWith([...path, '--help'])
    expect(printed, path.join(' ')).toContain(`Examples:\n  # `)
    expect(printed.split('\n').filter((line) => line.length > 100)).toEqual([])
    seen.push(path.join(' '))
    for (const child of command.commands) await visit(child, [...path, child.name()])
  }
  await visit(
    createProgram(context, () => undefined),
    [],
  )
  expect(seen).toEqual(expect.arrayContaining(['', 'keys list', 'servers list', 'audit verify']))
})

test.each([[['servers']], [['servers', 'list']], [['servers', '--config', './absent.yaml']]])(
  '%j asks the gateway for its servers',
  async (args) => {
    const { code, noted } = await runWith(args)
    expect(code).toBe(2)
    expect(noted).toMatch(/(absent|sallyport)\.yaml/)
  },
)

test('--version prints the version alone', async () => {
  expect(await runWith(['--version'])).toEqual({
    code: 0,
    printed: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    noted: '',
  })
})
