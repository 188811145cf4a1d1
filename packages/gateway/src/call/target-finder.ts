import type { ServerConfig } from '@sallyport/contract/config'
import { type Exchange, findMember, parseText } from '@sallyport/kit/mcp'
import { describeOther, type Target } from '../routing/target.ts'
import type { View, Views } from '../routing/view.ts'
import { isExtension, isTaskMethod } from './methods.ts'
import { type TaskIds, taskIdOf } from './task-ids.ts'

export interface TargetFinderDeps {
  readonly views: Views
  readonly taskIds: TaskIds
  readonly servers: Readonly<Record<string, ServerConfig>>
}

/** Finds where a request leads; undefined for lists, and for names that lead nowhere or are hidden. */
export class TargetFinder {
  readonly #deps: TargetFinderDeps

  constructor(deps: TargetFinderDeps) {
    this.#deps = deps
  }

  find(exchange: Exchange): Target | undefined {
    const { message, caller, scope } = exchange
    const view = this.#deps.views.get(scope)
    switch (message.method) {
      case 'tools/call':
        return message.name === undefined ? undefined : view.tool(message.name)
      case 'prompts/get':
        return message.name === undefined ? undefined : view.prompt(message.name)
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return message.uri === undefined
          ? undefined
          : view.resource(message.uri, caller.principal.id)
      case 'completion/complete':
        return findReference(exchange, view)
      default:
        return isTaskMethod(message.method)
          ? this.#task(exchange, view)
          : this.#other(message.method, view)
    }
  }

  #task(exchange: Exchange, view: View): Target | undefined {
    const id = taskIdOf(exchange)
    const place =
      id === undefined ? undefined : this.#deps.taskIds.find(id, exchange.caller.principal.id)
    if (!place || !view.servers.includes(place.server)) return undefined
    const config = this.#deps.servers[place.server]
    return config && describeOther(config, 'task', place.taskId)
  }

  #other(method: string, view: View): Target | undefined {
    // An endpoint of one server shows a selection, and nobody selected this.
    if (!isExtension(method) || view.passThrough === undefined) return undefined
    const config = this.#deps.servers[view.passThrough]
    return config && describeOther(config, 'other', '')
  }
}

/** What a completion is for. Source: MCP 2026-07-28, "Completion". */
function findReference({ message, caller }: Exchange, view: View): Target | undefined {
  const text = (name: string): string | undefined => {
    const range = findMember(message.bytes, message.params, 'ref', name)
    return parseText(range && message.bytes.toString('utf8', range.start, range.end))
  }
  const name = text('name')
  const uri = text('uri')
  switch (text('type')) {
    case 'ref/prompt':
      return name === undefined ? undefined : view.prompt(name)
    case 'ref/resource':
      return uri === undefined ? undefined : view.template(uri, caller.principal.id)
    default:
      return undefined
  }
}
