import type { McpEdge } from '@sallyport/kit/mcp'
import { openBase, type SlackServerOptions } from './serve/open-base.ts'
import { openEdge } from './serve/open-edge.ts'
import { openSlackListener } from './serve/open-listener.ts'
import { openSlack } from './serve/open-slack.ts'
import { ToolNews } from './serve/tool-news.ts'

export type { SlackServerOptions } from './serve/open-base.ts'

/** A running Slack server: one listener and everything behind it. */
export class SlackServer implements AsyncDisposable {
  /** `host:port` it listens on. */
  readonly address: string
  readonly #edge: McpEdge
  readonly #resources: AsyncDisposableStack
  #disposed: Promise<void> | undefined

  private constructor(address: string, edge: McpEdge, resources: AsyncDisposableStack) {
    this.address = address
    this.#edge = edge
    this.#resources = resources
  }

  /**
   * Opens everything in dependency order, the port last. If a step fails, the steps before it are closed again, in
   * reverse.
   *
   * @throws {AppError} `store_locked`, `config_invalid`, `master_key_wrong`, `store_newer`, `store_unwritable`,
   *   `port_taken`
   */
  static async start(options: SlackServerOptions): Promise<SlackServer> {
    const { log, settings } = options
    await using opening = new AsyncDisposableStack()
    for (const { path, message, remedy } of settings.warnings) {
      log.warn({ variable: path, remedy }, message)
    }
    const base = await openBase(options, opening)
    const slack = await openSlack(base, opening)
    const edge = openEdge(base, slack, opening)
    const news = new ToolNews(slack.installations, edge)
    slack.news.changed = () => news.check()
    const listener = await openSlackListener(base, { edge, web: slack.web }, opening)
    log.info({ address: listener.address }, 'slack server listening')
    return new SlackServer(listener.address, edge, opening.move())
  }

  /** Requests being answered, streams and sessions that are open. */
  get load(): McpEdge['load'] {
    return this.#edge.load
  }

  /** Stops accepting, drains, then closes tools, audit log and store. A second call waits for the same end. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#resources.disposeAsync()
    return this.#disposed
  }
}
