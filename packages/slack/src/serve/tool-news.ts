import type { McpEdge } from '@sallyport/kit/mcp'
import type { Installation, Installations } from '../installations/index.ts'

/** Tells clients that the list of tools changed, when what installations were given changed. */
export class ToolNews {
  readonly #installations: Pick<Installations, 'list'>
  readonly #edge: Pick<McpEdge, 'changed'>
  #known: string

  constructor(installations: Pick<Installations, 'list'>, edge: Pick<McpEdge, 'changed'>) {
    this.#installations = installations
    this.#edge = edge
    this.#known = grantsOf(installations.list())
  }

  /** Looks whether anything that matters changed; a new token does not. */
  check(): void {
    const now = grantsOf(this.#installations.list())
    if (now === this.#known) return
    this.#known = now
    this.#edge.changed('tools', () => true)
  }
}

function grantsOf(installations: readonly Installation[]): string {
  return JSON.stringify(
    installations.map(({ app, team, tenant, state, botScopes, user }) => [
      ...[app, team, tenant, state, botScopes, user],
    ]),
  )
}
