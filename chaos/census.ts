import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestGateway } from '../packages/cli/test/fixtures/gateway.ts'
import { isRunning, kill } from '../packages/cli/test/fixtures/processes.ts'
import { waitUntil } from '../packages/cli/test/fixtures/wait-until.ts'

/** Memory of the gateway after its garbage was collected, bytes, and what it holds open by kind. */
export interface Memory {
  readonly rss: number
  readonly heapTotal: number
  readonly heapUsed: number
  readonly external: number
  readonly arrayBuffers: number
  readonly resources: Readonly<Record<string, number>>
}

/** What the gateway's environment must hold for `memoryOf`, with the file it writes. */
export function measuring(file: string): Record<string, string> {
  const preload = new URL('./gc-on-signal.mjs', import.meta.url).href
  return { NODE_OPTIONS: `--expose-gc --import=${preload}`, CHAOS_MEMORY_FILE: file }
}

/** Has the gateway collect its garbage and say what is left. */
export async function memoryOf(gateway: TestGateway, file: string): Promise<Memory> {
  const before = await readFile(file, 'utf8').catch(() => '')
  kill(gateway.pid, 'SIGUSR2')
  const text = await waitUntil('the gateway to measure itself', async () => {
    const now = await readFile(file, 'utf8').catch(() => '')
    return now !== before && now !== '' ? now : undefined
  })
  return JSON.parse(text) as Memory // written by gc-on-signal.mjs
}

/** Open file descriptors of a process. */
export async function fdCount(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** A process that lives by the gateway's leave. */
export interface Offspring {
  readonly pid: number
  readonly parent: number
  readonly command: string
  /** Whose child it was, for what a server left behind; undefined for servers. */
  readonly leakedBy: number | undefined
}

/** Everything that was started below the gateway, whatever group or session it moved to. */
export async function offspringOf(gateway: TestGateway): Promise<Offspring[]> {
  const all = await gateway.children()
  // A client of the harness that shares the gateway's home.
  const children = all.filter(({ command }) => !command.includes('sallyport.js stdio '))
  const found = await Promise.all(
    children.map(async ({ pid, command }) => {
      const environ = await readFile(join('/proc', String(pid), 'environ'), 'latin1').catch(
        () => '',
      )
      const stat = await readFile(join('/proc', String(pid), 'stat'), 'latin1').catch(() => '')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0])
      const by = /(?:^|\0)CHAOS_LEAKED_BY=(\d+)/.exec(environ)?.[1]
      return { pid, parent, command, leakedBy: by === undefined ? undefined : Number(by) }
    }),
  )
  return found
}

/** What outlived the server it belongs to, and servers that outlived the gateway's interest in them. */
export async function orphansOf(gateway: TestGateway): Promise<Offspring[]> {
  const all = await offspringOf(gateway)
  const judged = await Promise.all(
    all.map(async (one) => {
      if (one.leakedBy !== undefined) return !(await isRunning(one.leakedBy))
      return one.parent !== gateway.pid
    }),
  )
  return all.filter((_, at) => judged[at])
}
