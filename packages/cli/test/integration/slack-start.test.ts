import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Rig } from '@sallyport/slack/testing/rig'
import { APP } from '@sallyport/slack/testing/world'
import { parse } from 'yaml'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../fixtures/free-port.ts'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'
import { COMMAND } from '../fixtures/sallyport.ts'
import { structured } from '../fixtures/slack-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool } from '../fixtures/wire.ts'

const PAGE = join(import.meta.dirname, '../../../../docs/slack/start.md')

/** A folder with `sallyport` and a `claude` that only writes down what it was told. */
async function toolsOf(dir: string): Promise<string> {
  const bin = join(dir, 'bin')
  await mkdir(bin)
  const programs = {
    sallyport: `exec "${process.execPath}" "${COMMAND}" "$@"`,
    claude: `printf '%s\\n' "$@" > "${join(dir, 'claude.txt')}"`,
  }
  for (const [name, line] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return bin
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
}

test('the ten steps of docs/slack/start.md lead to a list of channels, word for word [slack/start]', async () => {
  const rig = await Rig.open({ apps: [{ ...APP, rotating: true }] })
  onTestFinished(() => rig[Symbol.asyncDispose]())
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-start-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const port = await freePort()
  const site = `http://127.0.0.1:${port}`
  const page = readFileSync(PAGE, 'utf8')
  // what a reader puts in place of the examples, and the rig in the place of Slack
  const own = page
    .replaceAll('https://slack.example.com', site)
    .replace(
      'PORT=8080',
      `PORT=${port}\nSLACK_API_URL=${rig.apiUrl}\nSLACK_AUTHORIZE_URL=${rig.authorizeUrl}`,
    )
    .replace('1234567890.1234567890', APP.clientId)
    .replace('paste-the-client-secret', APP.clientSecret)
  expect([...page.matchAll(/^\*\*(\d+)\. /gm)].map(([, step]) => Number(step))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ])
  const manifest = parse(/```yaml\n([\s\S]*?)```/.exec(own)?.[1] ?? '') as {
    // the block above
    oauth_config: { redirect_urls: string[]; scopes: { bot: string[] } }
  }
  rig.redirects.push(...manifest.oauth_config.redirect_urls)
  expect(own).toContain(`SLACK_SCOPES=${manifest.oauth_config.scopes.bot.join(',')}\n`)

  const blocks = [...own.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const startAt = blocks.findIndex((block) => block.trim() === 'sallyport slack')
  const { PATH = '', ...rest } = bareEnvironment()
  const env = { ...rest, HOME: dir, PATH: `${await toolsOf(dir)}:${PATH}` }
  const shell = (script: string, cwd: string) =>
    runCommand('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd, env })

  const before = await shell(blocks.slice(0, startAt).join('\n'), dir)
  expect([before.code, before.stderr]).toEqual([0, ''])
  const folder = join(dir, 'slack')
  const server = spawn('sallyport', ['slack'], { cwd: folder, env, stdio: 'ignore' })
  onTestFinished(() => ended(server))
  await waitUntil('the server to be ready', async () => {
    expect(server.exitCode).toBeNull()
    return fetch(`${site}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  })
  const shown = await rig.browse(`${site}/slack/install`)
  expect([shown.status, shown.body]).toEqual([200, expect.stringContaining('TALPHA0001')])

  const after = await shell(blocks.slice(startAt + 1).join('\necho ----\n'), folder)
  expect([after.code, after.stderr]).toEqual([0, ''])
  const [health = '', teams = ''] = after.stdout.split('----\n')
  expect(JSON.parse(health)).toEqual({ status: 'ok' })
  expect(teams).toMatch(/TALPHA0001.*active|active.*TALPHA0001/)
  const told = (await readFile(join(dir, 'claude.txt'), 'utf8')).trimEnd().split('\n')
  expect(told.slice(0, 5)).toEqual(['mcp', 'add', '--transport', 'http', 'slack'])
  const token = told.at(-1)?.replace(/^Authorization: Bearer /, '') ?? ''
  const listed = structured<{ channels: { name: string }[] }>(
    await callTool({ url: told[5] ?? '', token }, 'slack_list_channels'),
  )
  expect(listed.channels.map(({ name }) => name)).toContain('general')
})
