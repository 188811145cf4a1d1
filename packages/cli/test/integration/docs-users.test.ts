import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { COMMAND } from '../fixtures/sallyport.ts'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'

const PAGE = join(import.meta.dirname, '../../../../docs/users.md')

test('every command of docs/users.md works as it is written, one after the other [users/api] [users/commands]', async () => {
  await using gateway = await startGateway()
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
  expect([ran.code, ran.stderr.replace(/^The password of .*\n/gm, '')]).toEqual([0, ''])
  const outputs = ran.stdout.split('----\n')
  expect(outputs[1]).toContain('"mustChange":false')
  expect(outputs[2]).toContain('"name":"alice"')
  expect(outputs[3]).toMatch(
    /changed bob\ndisabled bob\nenabled bob\n(.|\n)*operator,auditor(.|\n)*removed bob/,
  )
  expect(outputs[4]).toContain('"roles":["auditor"]')
})
