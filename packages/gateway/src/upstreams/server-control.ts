import { AppError } from '@sallyport/kit/errors'
import { orAborted } from '@sallyport/kit/or-aborted'
import type { Server } from './server.ts'
import type { Asker, HealthCheck, ServerControl, ServerMark, StderrLine } from './upstream.ts'

/** What an operator does to single servers, found by their names. */
export class FleetControl implements ServerControl {
  readonly #get: (server: string) => Server | undefined

  constructor(get: (server: string) => Server | undefined) {
    this.#get = get
  }

  async start(server: string, asker: Asker, signal: AbortSignal): Promise<void> {
    const found = this.#find(server)
    await orAborted(signal, () => found.start(asker))
  }

  async stop(server: string, drainMs: number): Promise<void> {
    await this.#find(server).stop(drainMs)
  }

  mark(server: string, kind: ServerMark['kind'], mark: ServerMark | undefined): void {
    const found = this.#find(server)
    const { [kind]: _before, ...others } = found.marks
    found.mark(mark === undefined ? others : { ...others, [kind]: mark })
  }

  async check(server: string, asker: Asker, signal: AbortSignal): Promise<HealthCheck> {
    return this.#find(server).check(asker, signal)
  }

  logs(server: string, linesMax: number): readonly StderrLine[] {
    return this.#find(server).logs(linesMax)
  }

  #find(server: string): Server {
    const found = this.#get(server)
    if (found === undefined) throw new AppError('not_found', `there is no server \`${server}\``)
    return found
  }
}
