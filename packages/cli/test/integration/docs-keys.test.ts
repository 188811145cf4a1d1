import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'
import { COMMAND } from '../fixtures/sallyport.ts'
import { stdioServer } from '../fixtures/server-events.ts'

const PAGE = join(import.meta.dirname, '../../../../docs/keys.md')
const KEY = /^sp_[a-z2-7]{8}_[A-Za-z0-9_-]{49}$/

test('every command of docs/keys.md works as it is written, one after the other [keys/commands]', async () => {
  const config = { mcpServers: { files: stdioServer({}), search: stdioServer({}) } }
  await using gateway = await startGateway({ config })
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/```sh\n(.*?)```/gs)
  const script = [...blocks]
    .map(([, block = '']) => block)
    .join('echo ----\n')
    .replaceAll('http://127.0.0.1:9101', gateway.admin)
  const bin = join(gateway.dir, 'bin')
  await mkdir(bin)
  const wrapper = join(bin, 'sallyport')
  const command = `exec "${process.execPath}" "${COMMAND}" "$@" --config "${gateway.configFile}"`
  await writeFile(wrapper, `#!/bin/sh\n${command}\n`)
  await chmod(wrapper, 0o755)
  const { PATH = '', ...rest } = bareEnvironment()
  const ran = await runCommand('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: gateway.dir,
    env: { ...rest, HOME: gateway.dir, PATH: `${bin}:${PATH}` },
  })
  expect([ran.code, ran.stderr.replace(/^Keep it now: .*\n/gm, '')]).toEqual([0, ''])
  const outputs = ran.stdout.split('----\n').map((text) => text.trim().split('\n'))
  expect(outputs[0]?.slice(0, 3)).toEqual(Array(3).fill(expect.stringMatching(KEY)))
  expect(outputs[0]?.join('\n')).toMatch(/reader .*servers files search, read-only/)
  expect(outputs[1]).toEqual(Array(2).fill(expect.stringMatching(KEY)))
  expect(outputs[2]).toEqual(['revoked robot'])
  expect(outputs[3]?.join('\n')).toMatch(/support +store +mcp\.list mcp\.call +First line/)
  expect(outputs[4]?.join('\n')).toMatch(/globex +store +servers files search +Globex/)
  expect(outputs[5]?.join('\n')).toMatch(/"readOnly":true.*"key":"sp_/s)
}, 60_000)

test('on a store without a gateway the same commands do the same, and what they made is there after the start', async () => {
  await using gateway = await startGateway()
  await gateway.stop()
  const key = await gateway.createKey('offline')
  await gateway.json(['tenants', 'create', 'acme', '--servers', 'files'])
  await gateway.json(['roles', 'create', 'mine', '--permissions', 'mcp.list'])
  const lost = await gateway.command(['keys', 'create', 'x', '--role', 'nobody'])
  expect([lost.code === 0, lost.stderr]).toEqual([
    false,
    expect.stringContaining('no role named nobody'),
  ])
  const made = ['keys', 'create', 'x', '--role', 'mine', '--tenant', 'acme']
  await gateway.json(made)
  const turned = await gateway.json<{ key: string }>([
    'keys',
    'rotate',
    'offline',
    '--overlap',
    '0',
  ])
  await gateway.json(['keys', 'revoke', 'x'])
  await gateway.json(['roles', 'remove', 'mine'])
  await gateway.restart()
  const status = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${gateway.admin}/api/v1/openapi.json`, { headers })).status
  }
  expect([await status(key), await status(turned.key)]).toEqual([401, 200])
  const { items } = await gateway.api<{ items: { name: string; revokedAt: unknown }[] }>('keys')
  expect(items.find(({ name }) => name === 'x')?.revokedAt).not.toBeNull()
  expect(await gateway.api('tenants/acme')).toMatchObject({ servers: ['files'], source: 'store' })
}, 60_000)
