import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { ID_FIRST, INITIALIZED_TEXT, initializeText, requestText } from '../wire/mcp.ts'
import type { Job, Target } from './job.ts'
import type { Lane, LaneAnswer } from './lane.ts'
import { askText, RequestTemplate } from './request.ts'

type StdioTarget = Extract<Target, { kind: 'stdio' }>

const NEW_LINE = 10

/** Starts one stdio server and shares its pipe between the job's callers: the direct path of stdio. */
export async function openStdioLanes(job: Job, target: StdioTarget): Promise<Lane[]> {
  const pipe = new Pipe(target.command)
  await pipe.request(
    job.era === 'legacy'
      ? initializeText(ID_FIRST)
      : requestText('modern', ID_FIRST, 'server/discover', {}),
  )
  if (job.era === 'legacy') pipe.write(Buffer.from(`${INITIALIZED_TEXT}\n`))
  return Array.from({ length: job.connections }, () => {
    const template = new RequestTemplate(Buffer.from(`${askText(job.era, job.ask)}\n`))
    return {
      call: (id: number, done: (answer: LaneAnswer) => void) => {
        pipe.waiting.set(id, done)
        pipe.write(template.withId(id))
      },
      close: () => pipe.close(),
    }
  })
}

/** A child's standard input and output, with the callers that wait by id. */
class Pipe {
  readonly waiting = new Map<number, (answer: LaneAnswer) => void>()
  readonly #child: ChildProcess
  #parts: Buffer[] = []

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#read(bytes))
    this.#child.on('error', (error) => this.#fail(error.message))
    this.#child.on('exit', () => this.#fail('the server ended'))
  }

  request(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.set(ID_FIRST, (answer) =>
        'error' in answer ? reject(new Error(answer.error)) : resolve(),
      )
      this.write(Buffer.from(`${text}\n`))
    })
  }

  write(line: Buffer): void {
    this.#child.stdin?.write(line)
  }

  /** Closes standard input, at which these servers end. */
  close(): void {
    this.waiting.clear()
    this.#child.stdin?.end()
  }

  #read(bytes: Buffer): void {
    let input = bytes
    for (let end = input.indexOf(NEW_LINE); end >= 0; end = input.indexOf(NEW_LINE)) {
      this.#parts.push(input.subarray(0, end))
      const [only] = this.#parts
      this.#settle(this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts))
      this.#parts = []
      input = input.subarray(end + 1)
    }
    if (input.length > 0) this.#parts.push(input)
  }

  #settle(body: Buffer): void {
    const early = /"id":(\d{9})/.exec(body.toString('latin1', 0, 120))
    const id = early ?? /"id":(\d{9})/.exec(body.toString('latin1', Math.max(0, body.length - 200)))
    const key = Number(id?.[1])
    const done = this.waiting.get(key)
    this.waiting.delete(key)
    done?.({ status: 200, body })
  }

  #fail(error: string): void {
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    for (const done of waiting) done({ error })
  }
}
