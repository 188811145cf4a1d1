import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EVERYTHING } from '../fixtures/everything.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const PAGE = readFileSync(join(ROOT, 'docs/servers-at-runtime.md'), 'utf8')
const API = { commands: [EVERYTHING], addresses: [] }

/** The blocks of the page in one language. */
function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  )
}

interface Shown {
  readonly source: string
  readonly version: number | null
  readonly definition: Readonly<Record<string, unknown>> | null
}

test('what docs/servers-at-runtime.md says can be done word for word [entries/kept]', async () => {
  await using gateway = await TestGateway.create()
  const { dir } = gateway
  writeFileSync(gateway.configFile, blocks('yaml')[0] ?? '')
  // Nothing but free ports differs from what the page has.
  const free = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' }
  writeFileSync(join(dir, 'sallyport.local.yaml'), JSON.stringify(free))
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
  mkdirSync(join(dir, 'bin'))
  const program = join(dir, 'bin/sallyport')
  const command = join(ROOT, 'packages/cli/bin/sallyport.js')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`)
  chmodSync(program, 0o755)
  await gateway.restart()
  const env = { PATH: `${join(dir, 'bin')}:${bareEnvironment()['PATH']}`, HOME: dir }
  const script = blocks('sh').join('').replaceAll('http://127.0.0.1:9101', gateway.admin)
  const { code, stdout, stderr } = await runCommand('sh', ['-e', '-c', script], { cwd: dir, env })
  expect([code, stderr]).toEqual([0, expect.any(String)])
  expect(stdout).toContain('Echo: hello')
  expect(stdout).toContain('endpoint desk is in force')
  expect(stdout).toMatch(/"definition":\{[^}]*"X-Api-Key":"\[redacted\]"/)
  expect(stdout).not.toContain('"secret"')
  await gateway.stop()
  await gateway.restart()
  const { items } = await gateway.json<{ items: { name: string }[] }>(['servers', 'added'])
  expect(items.map(({ name }) => name)).toEqual(['everything'])
}, 120_000)

test('servers are added from a file, changed in part and removed by the command', async () => {
  await using gateway = await startGateway({
    config: { api: API, mcpServers: { own: EVERYTHING } },
  })
  const { command, args } = EVERYTHING
  const definition = `command: ${command}\nargs: ${JSON.stringify(args)}\nowner: me\nidleAfter: 10m\n`
  const added = await gateway.command(['servers', 'add', 'added', '--definition', '-'], definition)
  expect(added).toMatchObject({ code: 0, stdout: 'server added is in force, version 1\n' })
  const changed = await gateway.json<Shown>(['servers', 'change', 'added', '--share', 'all'])
  expect(changed.definition).toEqual({ command, args, owner: 'me', idleAfter: '10m', share: 'all' })
  expect((await gateway.command(['call', 'added__echo', '{"message":"hi"}'])).stdout).toContain(
    'hi',
  )
  expect(await gateway.command(['servers', 'remove', 'added'])).toMatchObject({ code: 0 })
  const refused = [
    await gateway.command(['servers', 'add', 'own', '--url', 'https://example.com/mcp']),
    await gateway.command(['servers', 'change', 'own', '--share', 'all']),
    await gateway.command(['servers', 'remove', 'own']),
    await gateway.command(['servers', 'remove', 'nobody']),
    await gateway.command([
      'servers',
      'add',
      'evil',
      '--command',
      'sh',
      '--arg',
      '-c',
      '--arg',
      'id',
    ]),
    await gateway.command(['servers', 'add', 'near', '--url', 'http://127.0.0.1:1/mcp']),
    await gateway.command(['servers', 'add', 'empty']),
    await gateway.command([
      'servers',
      'add',
      'odd',
      '--url',
      'https://example.com/',
      '--header',
      'x',
    ]),
    await gateway.command(['servers', 'add', 'odd', '--definition', '-'], 'a: [b'),
  ]
  for (const { code } of refused) expect(code).not.toBe(0)
  const said = refused.map(({ stderr }) => stderr)
  expect(said[1]).toContain('the file defines the server `own`: change it there')
  expect(said[4]).toContain('`api.commands`')
  expect(said[5]).toContain('`api.addresses`')
  expect(said[6]).toContain('--url or --command')
  expect(await gateway.json(['servers', 'added'])).toEqual({ items: [] })
}, 60_000)
