import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freePort } from '../fixtures/free-port.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const PAGE = readFileSync(`${ROOT}docs/identity-providers.md`, 'utf8')

/** Two commands after each other, on a machine that is busy. */
const START_MS = 60_000

/** What the page says in the blocks of one terminal, in order. */
function typed(terminal: string): string {
  const blocks = [...PAGE.matchAll(/^```sh (\w+)\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(([, name, text = '']) => (name === terminal ? [text] : [])).join('')
}

/** A copy of the example, with ports of its own. */
class Walk implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-walk-'))
  readonly #ports: ReadonlyMap<string, string>
  readonly #children: ChildProcess[] = []

  private constructor(ports: ReadonlyMap<string, string>) {
    this.#ports = ports
    cpSync(`${ROOT}examples/identity-provider`, join(this.folder, 'example'), { recursive: true })
    cpSync(`${ROOT}examples/servers`, join(this.folder, 'servers'), { recursive: true })
    for (const name of ['provider.mjs', 'sallyport.yaml']) {
      const file = join(this.folder, 'example', name)
      writeFileSync(file, this.#moved(readFileSync(file, 'utf8')))
    }
    const file = join(this.folder, 'example', 'sallyport.yaml')
    const text = readFileSync(file, 'utf8')
    const listen = `listen: 127.0.0.1:${ports.get('9100')}\nadmin: 127.0.0.1:0\n`
    writeFileSync(file, `${text}${listen}`)
  }

  static async start(): Promise<Walk> {
    const ports = new Map<string, string>()
    for (const port of ['9100', '9290']) ports.set(port, String(await freePort()))
    return new Walk(ports)
  }

  url(port: string, path: string): string {
    return `http://127.0.0.1:${this.#ports.get(port)}${path}`
  }

  /** Types that into a terminal. */
  type(text: string): { readonly child: ChildProcess; readonly shown: () => string } {
    const child = spawn('bash', ['-c', this.#moved(text)], {
      cwd: join(this.folder, 'example'),
      detached: true,
      env: {
        HOME: this.folder,
        XDG_STATE_HOME: join(this.folder, 'state'),
        PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let shown = ''
    child.stdout?.on('data', (chunk) => (shown += String(chunk)))
    child.stderr?.on('data', (chunk) => (shown += String(chunk)))
    this.#children.push(child)
    return { child, shown: () => shown }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue
      const gone = once(child, 'exit')
      process.kill(-child.pid, 'SIGTERM')
      await gone
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #moved(text: string): string {
    return [...this.#ports].reduce((all, [from, to]) => all.replaceAll(from, to), text)
  }
}

test('the page about identity providers, word for word [tokens/provider]', async () => {
  await using walk = await Walk.start()
  walk.type(typed('provider'))
  const up = walk.type(typed('gateway'))
  for (const [what, url] of [
    ['the provider to answer', walk.url('9290', '/jwks.json')],
    ['the gateway to answer', walk.url('9100', '/health')],
  ] as const) {
    await waitUntil(what, () => fetch(url).catch(() => undefined), START_MS)
  }
  expect(up.shown()).toContain('sallyport.yaml: ok')
  const client = walk.type(typed('client'))
  await once(client.child, 'close')
  const lines = client
    .shown()
    .trim()
    .split('\n')
    .map((line) => line.trim())
  const metadata = walk.url('9100', '/.well-known/oauth-protected-resource/mcp')
  expect(lines).toEqual([
    `www-authenticate: Bearer scope="mcp:look", resource_metadata="${metadata}"`,
    expect.stringContaining(`"authorization_servers":["${walk.url('9290', '')}"]`),
    'files__who',
    `www-authenticate: Bearer error="insufficient_scope", scope="mcp:look mcp:call", resource_metadata="${metadata}"`,
    '"text":"server"',
  ])
}, 120_000)
