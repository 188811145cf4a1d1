import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sallyport } from '../fixtures/sallyport.ts'
import { stdioServer } from '../fixtures/server-events.ts'

const EXAMPLE = fileURLToPath(
  new URL('../../../../examples/quickstart/sallyport.yaml', import.meta.url),
)

interface Report {
  readonly ok: boolean
  readonly file: string
  readonly problems: {
    readonly severity: string
    readonly path: string
    readonly line: number
    readonly column: number
    readonly message: string
    readonly remedy: string
  }[]
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-validate-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function validate(
  text: string,
  args: readonly string[] = [],
): Promise<{ code: number | null; report: Report }> {
  const file = join(folder, 'sallyport.yaml')
  await writeFile(file, text)
  const { code, stdout } = await sallyport(['validate', file, '--json', ...args], { cwd: folder })
  return { code, report: JSON.parse(stdout) as Report } // documented; asserted below
}

const BROKEN = `version: 1
lisen: 127.0.0.1:0
limits:
  requestByte: 64KiB
  perPrincipal:
    rat: 5/s
mcpServers:
  one:
    comand: node
    command: no-such-program-anywhere
  two:
    command: node
    tools:
      read: { readOnli: true }
  three:
    url: https://mcp.example.com/mcp
    headers: { Authorization: "Bearer \${env:SALLYPORT_TEST_UNSET}" }
`

test('misspelt keys at every depth, an unset variable and a missing program are all named at once [command/validate] [config/unknown-key]', async () => {
  const { code, report } = await validate(BROKEN)
  expect([code, report.ok]).toEqual([2, false])
  const errors = report.problems.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ path, line }) => [path, line]).toSorted()).toEqual(
    [
      ['lisen', 2],
      ['limits.requestByte', 4],
      ['limits.perPrincipal.rat', 6],
      ['mcpServers.one.comand', 9],
      ['mcpServers.one.command', 10],
      ['mcpServers.two.tools.read.readOnli', 14],
      ['mcpServers.three.headers.Authorization', 17],
    ].toSorted(),
  )
  for (const { message, column } of errors) {
    expect(message).not.toBe('')
    expect(column).toBeGreaterThan(0)
  }
  const advice = errors.map(({ message, remedy }) => `${message} ${remedy}`).join('\n')
  for (const word of ['`listen`', '`requestBytes`', '`rate`', '`command`', '`readOnly`']) {
    expect(advice).toContain(word)
  }
})

test('the same file is refused by `up` before any port opens, with the same exit code [command/validate] [config/refuse/before-opening]', async () => {
  const file = join(folder, 'sallyport.yaml')
  await writeFile(file, BROKEN)
  const { code, stdout, stderr } = await sallyport(['up', '--config', file, '--json'], {
    cwd: folder,
  })
  expect([code, stdout.includes('"data"')]).toEqual([2, false])
  expect(`${stdout}${stderr}`).toContain('lisen')
})

test('--connect also names an endpoint that cannot be reached and a server that does not speak MCP [command/validate/connect]', async () => {
  const config = {
    store: 'sqlite:./never.db',
    mcpServers: {
      away: { url: 'http://127.0.0.1:9/mcp' },
      mute: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
      fine: stdioServer(),
    },
  }
  const text = JSON.stringify(config, null, 1)
  expect(await validate(text)).toMatchObject({ code: 0, report: { ok: true } })
  const { code, report } = await validate(text, ['--connect'])
  expect(code).toBe(2)
  const errors = report.problems.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ path }) => path).toSorted()).toEqual(['mcpServers.away', 'mcpServers.mute'])
  // It opened nothing that stays.
  expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([])
})

test('--connect shows what a server that ends while starting said last, and where it stands in the file [command/validate/connect]', async () => {
  const script = `console.error("first"); console.error("\\u001b[31mno\\u0007 API key".repeat(3)); process.exit(3)`
  const text = `listen: 127.0.0.1:0
mcpServers:
  one:
    command: ${JSON.stringify(process.execPath)}
    args: ["-e", ${JSON.stringify(script)}]
`
  const { code, report } = await validate(text, ['--connect'])
  expect(code).toBe(2)
  const [problem] = report.problems.filter(({ path }) => path === 'mcpServers.one')
  expect(problem).toMatchObject({ line: 3, column: 3, severity: 'error' })
  expect(problem?.message).toMatch(
    /the server exited with code 3, after writing to stderr: first \| no API keyno API keyno API key$/,
  )
})

test('our own example passes [config/samples]', async () => {
  const { code, stdout } = await sallyport(['validate', EXAMPLE, '--json'])
  expect({ code, report: JSON.parse(stdout) }).toMatchObject({
    code: 0,
    report: { ok: true, problems: [] },
  })
})
