import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyCreated, serverList } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { McpCaller } from '../calls/mcp-caller.ts'
import { type Answer, send } from '../calls/send.ts'
import type { KeyWish, KeyTarget } from '../key-target.ts'
import type { Tree } from './copy-source.ts'
import type { Keeper } from './keeper.ts'
import type { Relay } from './relay.ts'

const READY_MS = 40_000
const ASK_MS = 30_000
const OUTPUT_CHARACTERS_MAX = 4_096
const BROKEN = 'mcpServers: [this file is broken on purpose\n'

/** How the command of this product is run. */
export interface CopyProgram {
  readonly command: string
  /** Before the verb. */
  readonly args: readonly string[]
}

/** What a copy is started with. */
export interface CopyParts {
  readonly program: CopyProgram
  readonly folder: string
  readonly tree: Tree
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly tokens: ReadonlyMap<string, Secret>
  readonly relays: ReadonlyMap<string, Relay>
  readonly keeper: Keeper
}

const ready = z.object({ data: z.string(), admin: z.string(), pid: z.int() })

/** A second gateway of the same servers and groups. It has nothing of the first but those. */
export class GatewayCopy implements KeyTarget {
  readonly dataUrl: string
  readonly adminUrl: string
  readonly #parts: CopyParts
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>

  private constructor(parts: CopyParts, running: Running, addresses: z.output<typeof ready>) {
    this.#parts = parts
    this.#child = running.child
    this.#exited = running.exited
    this.dataUrl = originOf(addresses.data)
    this.adminUrl = originOf(addresses.admin)
  }

  /**
   * Starts it; whoever made the parts ends it with them.
   *
   * @throws {AppError} `server_start_failed`, with what it said; the signal's own reason
   */
  static async start(parts: CopyParts, signal: AbortSignal): Promise<GatewayCopy> {
    await writeTree(parts)
    const running = spawnCopy(parts)
    const line = await firstLine(running, signal)
    const addresses = ready.safeParse(parsed(line))
    if (addresses.success) return new GatewayCopy(parts, running, addresses.data)
    throw new AppError('server_start_failed', 'the copy did not say where it listens')
  }

  /** What its file says. */
  get tree(): Tree {
    return this.#parts.tree
  }

  /** Asks as one of its callers. @param path such as `/servers/search/mcp` */
  caller(name: string, path = '/mcp'): McpCaller {
    return new McpCaller(`${this.dataUrl}${path}`, this.#token(name))
  }

  /** The relay before a remote server; undefined where it has none. */
  relay(server: string): Relay | undefined {
    return this.#parts.relays.get(server)
  }

  /** Writes another configuration to its file. @param tree undefined = one that cannot be read */
  async write(tree: Tree | undefined): Promise<void> {
    if (tree !== undefined) return writeTree({ ...this.#parts, tree })
    await writeFile(fileOf(this.#parts), BROKEN)
  }

  /** @throws {AppError} what it answered, `server_protocol`, `server_lost`; the signal's own reason */
  async read<Value>(schema: z.ZodType<Value>, path: string, signal: AbortSignal): Promise<Value> {
    return schema.parse(await this.#admin({ method: 'GET', path }, signal))
  }

  /** Asks for a change. @throws {AppError} as `read` */
  async change(path: string, body: unknown, signal: AbortSignal): Promise<void> {
    await this.#admin({ method: 'POST', path, body }, signal)
  }

  async createKey(wish: KeyWish, signal: AbortSignal): Promise<{ id: string; key: Secret }> {
    const made = await this.#admin({ method: 'POST', path: '/api/v1/keys', body: wish }, signal)
    const { id, key } = keyCreated.parse(made)
    return { id, key: new Secret(key) }
  }

  async rotateKey(id: string, overlapMs: number, signal: AbortSignal): Promise<Secret> {
    const path = `/api/v1/keys/${id}/rotate`
    const made = await this.#admin({ method: 'POST', path, body: { overlapMs } }, signal)
    return new Secret(keyCreated.parse(made).key)
  }

  async revokeKey(id: string, signal: AbortSignal): Promise<void> {
    await this.#admin({ method: 'DELETE', path: `/api/v1/keys/${id}` }, signal)
  }

  /** Processes of its servers, by server. */
  async children(signal: AbortSignal): Promise<ReadonlyMap<string, readonly number[]>> {
    const { items } = await this.read(serverList, '/api/v1/servers', signal)
    return new Map(items.map(({ name, pids }) => [name, pids]))
  }

  /** Ends processes of its servers as a crash does, and says how many there were. No others are known to it. */
  async kill(servers: readonly string[], signal: AbortSignal): Promise<number> {
    const children = await this.children(signal)
    const pids = servers.flatMap((name) => children.get(name) ?? [])
    for (const pid of pids) kill(pid, 'SIGKILL')
    return pids.length
  }

  /** Asks it to stop. @returns its exit code, null where a signal ended it; the signal's own reason is thrown */
  async stop(signal: AbortSignal): Promise<number | null> {
    this.#child.kill('SIGTERM')
    const code = await Promise.race([this.#exited, aborted(signal)])
    if (this.#child.pid !== undefined) this.#parts.keeper.forget(this.#child.pid)
    return code
  }

  async #admin(asked: AdminAsked, signal: AbortSignal): Promise<unknown> {
    const { method, path, body } = asked
    const headers = { authorization: `Bearer ${this.#token('admin').reveal()}` }
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])
    const answer = await send(`${this.adminUrl}${path}`, { method, headers, body }, bounded)
    if (answer.status < 300) return parsed(answer.text)
    throw new AppError(
      'server_protocol',
      `the copy answered HTTP ${answer.status} to ${method} ${path}`,
    )
  }

  #token(name: string): Secret {
    const token = this.#parts.tokens.get(name)
    if (token === undefined) throw new AppError('internal', `no caller of a copy is named ${name}`)
    return token
  }
}

interface AdminAsked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** A token that nobody has seen. */
export function newToken(): Secret {
  return new Secret(randomBytes(32).toString('base64url'))
}

/** Whether an answer tells when to come back, in whole seconds. */
export function retryAfterOf({ headers }: Answer): number | undefined {
  const seconds = Number(headers['retry-after'])
  return Number.isInteger(seconds) && seconds >= 1 ? seconds : undefined
}

function fileOf({ folder }: CopyParts): string {
  return join(folder, 'sallyport.yaml')
}

async function writeTree(parts: CopyParts): Promise<void> {
  // JSON is YAML.
  await writeFile(fileOf(parts), JSON.stringify(parts.tree, null, 2), { mode: 0o600 })
}

interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  /** The end of what it wrote to its standard error. */
  said(): string
}

function spawnCopy(parts: CopyParts): Running {
  const { program, environment, folder, keeper } = parts
  const args = [...program.args, 'up', '--config', fileOf(parts), '--json']
  // Of a group of its own: Ctrl-C reaches the whole group of the command, which ends it in order.
  const child = spawn(program.command, args, {
    ...{ cwd: folder, env: environment, detached: true, windowsHide: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) keeper.add(child.pid)
  let said = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => (said = (said + text).slice(-OUTPUT_CHARACTERS_MAX)))
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
  return { child, exited, said: () => said }
}

async function firstLine({ child, exited, said }: Running, signal: AbortSignal): Promise<string> {
  let text = ''
  const line = new Promise<string>((resolve) => {
    child.stdout?.setEncoding('utf8')
    child.stdout?.on('data', (chunk: string) => {
      if (text.length < OUTPUT_CHARACTERS_MAX) text += chunk
      if (text.includes('\n')) resolve(text)
    })
  })
  const late = AbortSignal.timeout(READY_MS)
  const ended = exited.then((code) => {
    throw new AppError('server_start_failed', `the copy ended with ${code}: ${lastOf(said())}`)
  })
  const over = aborted(AbortSignal.any([signal, late])).catch(() => {
    signal.throwIfAborted()
    const sentence = `the copy was not ready within ${READY_MS} ms: ${lastOf(said())}`
    throw new AppError('server_start_failed', sentence)
  })
  return Promise.race([line, ended, over])
}

/** The last lines of what it said: sentences of our own, which hold no secret. */
function lastOf(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(-3).join('; ') || 'it said nothing'
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error) // a signal aborts with an error
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

function parsed(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('server_protocol', 'the copy answered no JSON', { cause })
  }
}

function originOf(address: string): string {
  return new URL(address.includes('://') ? address : `http://${address}`).origin
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
