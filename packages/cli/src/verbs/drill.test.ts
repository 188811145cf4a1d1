import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { run } from '../run.ts'
import { FakeTerminal } from '../terminal.ts'

async function told(args: readonly string[], text = ''): Promise<[code: number, noted: string]> {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-drill-verb-'))
  const terminal = new FakeTerminal()
  const context = { terminal, environment: { HOME: cwd }, cwd, clock: systemClock }
  try {
    if (text !== '') await writeFile(join(cwd, 'sallyport.yaml'), text)
    const code = await run({ ...context, readStdin: async () => '' }, ['drill', ...args])
    return [code, [...terminal.noted, ...terminal.printed].join('\n')]
  } finally {
    await rm(cwd, { recursive: true })
  }
}

test.each([
  [['nonsense'], 'is invalid'],
  [['stop', '--live'], '--live is for auth, flood, keys'],
  [['stream', '--hold', '5'], '--hold takes a duration'],
  [['stream', '--hold', '5m'], '--hold takes a duration'],
  [['--list', '--live'], 'cannot be used with'],
  [['auth'], 'there is no '],
])('%j is refused as wrong usage', async (args, words) => {
  expect(await told(args)).toEqual([2, expect.stringContaining(words)])
})

test('a drill that lacks a call or an address says what is missing, and is not kept [drill/not-run]', async () => {
  const [code, words] = await told(
    ['recover', 'stream'],
    `listen: 127.0.0.1:0\nmcpServers: { own: { command: ${process.execPath} } }`,
  )
  expect(code).toBe(3)
  expect(words).toContain(
    'no harmless call is known of own; name one in `checklist.drills.calls.own`',
  )
  expect(words).toContain('there is no `publicUrl` to hold a stream through; set `publicUrl`')
  expect(words).not.toContain('the run of')
})

test('a configuration that cannot be run, and a gateway that does not, are told and end with 3 [drill/not-run]', async () => {
  const broken = await told(['auth'], 'listen: nowhere')
  expect(broken).toEqual([3, expect.stringContaining('the configuration cannot be run')])
  const alone = await told(['auth', '--live'], 'listen: 127.0.0.1:0')
  expect(alone).toEqual([3, expect.stringContaining('no gateway runs on this configuration')])
})
