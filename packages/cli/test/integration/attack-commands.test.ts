import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, codeOf } from '../fixtures/attack.ts'
import type { Answer } from '../fixtures/send.ts'
import { callTool, textOf } from '../fixtures/wire.ts'

const NODE = process.execPath
const SERVER = fileURLToPath(new URL('../fixtures/servers/stdio-server.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-attack-'))
/** Written by whatever must not run. */
const MARK = join(folder, 'ran')
const EVIL = join(folder, 'evil.mjs')
const SCRIPT = join(folder, 'evil.sh')
const LINK = join(folder, 'linked-node')
const SHELL_LINK = join(folder, 'node')
/** The one that the file allows. */
const GOOD = {
  command: NODE,
  args: [SERVER, '--name=one', 'data/a.txt'],
  env: { TOOL_PREFIX: 'x_' },
}

let attacked: Attacked
beforeAll(async () => {
  writeFileSync(
    EVIL,
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(MARK)}, 'ran')\n`,
  )
  writeFileSync(SCRIPT, `#!/bin/sh\ntouch ${MARK}\n`)
  chmodSync(SCRIPT, 0o755)
  symlinkSync(NODE, LINK)
  symlinkSync(SCRIPT, SHELL_LINK)
  const rule = { command: NODE, args: [SERVER, '--name=*', 'data/**'], env: ['TOOL_*'] }
  attacked = await Attacked.start({
    config: { api: { commands: [rule], addresses: ['127.0.0.1'] } },
  })
})
afterAll(async () => {
  await attacked[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

let servers = 0
async function add(definition: unknown): Promise<{ name: string; answer: Answer }> {
  servers += 1
  const name = `prog-${servers}`
  const body = { name, definition }
  return { name, answer: await attacked.api('root', 'POST', '/api/v1/servers', { body }) }
}

/** Does all that would start it. */
async function start(name: string): Promise<void> {
  for (const verb of ['start', 'warm', 'check']) {
    await attacked.api('root', 'POST', `/api/v1/servers/${name}/${verb}`, { body: {} })
  }
  await callTool(attacked.target('root'), `${name}__echo`, {})
}

const REFUSED = ['command_not_allowed', 'request_invalid', 'config_invalid']

test('the program that the file allows is added and started: what follows fails for its own reason', async () => {
  const { name, answer } = await add(GOOD)
  expect([answer.status, answer.text]).toEqual([201, answer.text])
  expect(
    textOf(await callTool(attacked.target('root'), `${name}__x_echo`, { message: 'hi' })),
  ).toBe('hi')
})

const args = (...given: unknown[]): object => ({ ...GOOD, args: given })
const env = (given: object): object => ({ ...GOOD, env: given })
const program = (command: unknown, given: unknown[] = [EVIL]): object => ({ command, args: given })

const DEFINITIONS: readonly (readonly [name: string, definition: unknown])[] = [
  ['a shell', program('/bin/sh', ['-c', `touch ${MARK}`])],
  ['a shell by name', program('sh', ['-c', `touch ${MARK}`])],
  ['a shell in the command', program(`/bin/sh -c "touch ${MARK}"`)],
  ['the allowed program with other arguments', program(NODE)],
  ['the allowed program and more in its name', program(`${NODE} ${EVIL}`, GOOD.args)],
  ['a script', program(SCRIPT, [])],
  ['a link to the allowed program', program(LINK)],
  ['a link with the arguments of the allowed one', program(LINK, GOOD.args)],
  ['a script under the name of the allowed one', program(SHELL_LINK, GOOD.args)],
  ['a relative path to a script', program(`./${relative(process.cwd(), SCRIPT)}`, [])],
  [
    'a path that climbs',
    program(`${dirname(NODE)}/../../../../../../bin/sh`, ['-c', `touch ${MARK}`]),
  ],
  ['the path and a name behind', program(`${NODE}/x`, GOOD.args)],
  ['the path with NUL', program(`${NODE}\0${SCRIPT}`, GOOD.args)],
  ['the path with a space behind', program(`${NODE} `, GOOD.args)],
  ['the path in capitals', program(NODE.toUpperCase(), GOOD.args)],
  ['an empty command', program('', GOOD.args)],
  ['a list as command', program([NODE, EVIL])],
  ['a reference as command', program('${env:SHELL}', ['-c', `touch ${MARK}`])],
  ['a command by reference', program('${command:which node}')],
  ['no arguments', args()],
  ['one argument too many', args(...GOOD.args, EVIL)],
  ['one argument too few', args(SERVER, '--name=one')],
  ['a flag before the script', args('--import', EVIL, SERVER)],
  ['a flag in place of the script', args(`--import=${EVIL}`, '--name=one', 'data/a')],
  [
    'a script in another place',
    args(`${dirname(SERVER)}/../../../../../../../../..${EVIL}`, '--name=one', 'data/a'),
  ],
  ['a path in the name', args(SERVER, '--name=a/b', 'data/a')],
  ['a name that climbs', args(SERVER, '--name=..', 'data/a')],
  ['another flag in place of the name', args(SERVER, '--eval=1', 'data/a')],
  ['two flags in one, by a space', args(SERVER, `--eval 1 --name=x`, 'data/a')],
  ['two flags in one, by a line break', args(SERVER, `--eval=1\n--name=x`, 'data/a')],
  ['a file that climbs', args(SERVER, '--name=x', 'data/../../etc/passwd')],
  ['a file that climbs by backslash', args(SERVER, '--name=x', 'data/..\\..\\etc')],
  ['a file elsewhere', args(SERVER, '--name=x', '/etc/passwd')],
  ['a flag in place of a file', args(SERVER, '--name=x', '--data/a')],
  ['an argument with NUL', args(SERVER, '--name=x\0', 'data/a')],
  ['a number as argument', args(SERVER, 1, 'data/a')],
  ['a nested argument', args(SERVER, ['--name=x'], 'data/a')],
  ['arguments as text', { command: NODE, args: `${SERVER} --name=x data/a` }],
  ['arguments as an object', { command: NODE, args: { 0: SERVER, length: 1 } }],
  ['LD_PRELOAD', env({ LD_PRELOAD: '/tmp/evil.so' })],
  ['ld_preload', env({ ld_preload: '/tmp/evil.so' })],
  ['LD_AUDIT', env({ LD_AUDIT: '/tmp/evil.so' })],
  ['NODE_OPTIONS', env({ NODE_OPTIONS: `--import=${EVIL}` })],
  [
    'NODE_OPTIONS beside what is allowed',
    env({ TOOL_PREFIX: 'x', NODE_OPTIONS: `--import=${EVIL}` }),
  ],
  ['NODE_PATH', env({ NODE_PATH: folder })],
  ['PATH', env({ PATH: folder })],
  ['BASH_ENV', env({ BASH_ENV: SCRIPT })],
  ['a variable that is not allowed', env({ EVENTS_FILE: MARK })],
  ['two variables in one', env({ [`TOOL_X=1\0NODE_OPTIONS`]: `--import=${EVIL}` })],
  ['a variable with an equals sign', env({ [`NODE_OPTIONS=--import=${EVIL};TOOL_`]: 'x' })],
  ['an allowed variable with a line break', env({ 'TOOL_\nNODE_OPTIONS': `--import=${EVIL}` })],
  ['another folder', { ...GOOD, cwd: folder }],
  ['a folder that climbs', { ...GOOD, cwd: '../..' }],
  ['roots of this machine', { ...GOOD, roots: ['file:///'] }],
  ['a start of its own', { ...program(SCRIPT, []), prestart: true }],
  ['a program and an address', { ...program(SCRIPT, []), url: 'http://127.0.0.1:1/mcp' }],
  ['__proto__', JSON.parse(`{"__proto__":{"command":${JSON.stringify(SCRIPT)},"args":[]}}`)],
]

test.each(DEFINITIONS)(
  '%s is refused, and nothing runs [attacks/commands]',
  async (_name, definition) => {
    const { name, answer } = await add(definition)
    expect([
      answer.status >= 400 && answer.status < 500,
      REFUSED.includes(codeOf(answer) ?? ''),
      answer.text,
    ]).toEqual([true, true, answer.text])
    await start(name)
    expect(existsSync(MARK)).toBe(false)
  },
)

test('a program that is allowed is changed into none that is not, by no version and under no name [attacks/commands]', async () => {
  const { name, answer } = await add(GOOD)
  const put = (path: string, definition: unknown): Promise<Answer> =>
    attacked.api('root', 'PUT', `/api/v1/${path}`, {
      body: { definition },
      headers: { 'if-match': `"${String(answer.json['version'])}"` },
    })
  for (const definition of [
    program(SCRIPT, []),
    env({ NODE_OPTIONS: `--import=${EVIL}` }),
    args('-e', '1'),
    { ...GOOD, env: { TOOL_PREFIX: '[redacted]', NODE_OPTIONS: '[redacted]' } },
  ]) {
    expect(REFUSED).toContain(codeOf(await put(`servers/${name}`, definition)))
    await start(name)
  }
  // What the file defines stays as the file has it.
  expect(codeOf(await put('servers/own', program(SCRIPT, [])))).toBe('conflict')
  const again = await attacked.api('root', 'POST', '/api/v1/servers', {
    body: { name: 'own', definition: GOOD },
  })
  expect(codeOf(again)).toBe('conflict')
  expect(existsSync(MARK)).toBe(false)
})

/** Other places where a definition might slip in. */
const DOORS: readonly (readonly [method: string, path: string, body: object])[] = [
  [
    'POST',
    'groups',
    { name: 'evil', definition: { members: [{ server: 'evil', ...program(SCRIPT, []) }] } },
  ],
  ['POST', 'groups', { name: 'evil', definition: { members: ['own'], ...program(SCRIPT, []) } }],
  ['POST', 'endpoints', { name: 'evil', definition: { servers: [program(SCRIPT, [])] } }],
  [
    'POST',
    'endpoints',
    { name: 'evil', definition: { servers: ['own'], mcpServers: { evil: program(SCRIPT, []) } } },
  ],
  ['POST', 'servers', { name: 'evil', kind: 'stdio', definition: GOOD, ...program(SCRIPT, []) }],
  ['POST', 'servers', { name: '../own', definition: GOOD }],
  ['POST', 'config/reload', { mcpServers: { evil: program(SCRIPT, []) } }],
  ['POST', 'config/reload', { file: EVIL }],
  ['POST', 'config/rollback', { id: 1, api: { commands: [{ command: SCRIPT }] } }],
  ['POST', 'servers/own/start', { command: SCRIPT }],
  ['POST', 'servers/own/restart', { env: { NODE_OPTIONS: `--import=${EVIL}` } }],
  ['POST', 'servers/own/check', { call: { command: SCRIPT } }],
]

test.each(DOORS)('%s %s carries no program in [attacks/commands]', async (method, path, body) => {
  const answer = await attacked.api('root', method, `/api/v1/${path}`, { body })
  // A body that a route has no use for is not read.
  const isUnread = ['reload', 'start', 'restart', 'check'].some((word) => path.endsWith(word))
  expect([isUnread || (answer.status >= 400 && answer.status < 500), answer.text]).toEqual([
    true,
    answer.text,
  ])
  await start('evil')
  expect(existsSync(MARK)).toBe(false)
})

test('callers of MCP start nothing by names, arguments or metadata [attacks/commands]', async () => {
  for (const name of [
    `own__echo; ${SCRIPT}`,
    `own__$(${SCRIPT})`,
    `own__\`${SCRIPT}\``,
    `../${SCRIPT}`,
    `own__echo\n${SCRIPT}`,
  ]) {
    await callTool(attacked.target('root'), name.replaceAll('\n', ' '), { command: SCRIPT })
  }
  await callTool(attacked.target('root'), 'own__echo', {
    message: `$(${SCRIPT}) \`${SCRIPT}\` ; ${SCRIPT}`,
    env: { NODE_OPTIONS: `--import=${EVIL}` },
  })
  expect(existsSync(MARK)).toBe(false)
})
