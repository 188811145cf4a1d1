import type { ServerConfig } from '@sallyport/contract/config'
import { type Exchange, findMember, parseText } from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { GroupPlace } from '../routing/group-catalogue.ts'
import { describeOther, type Target } from '../routing/target.ts'
import type { View, Views } from '../routing/view.ts'
import { isExtension, isTaskMethod } from './methods.ts'
import { type TaskIds, type TaskPlace, taskIdOf } from './task-ids.ts'

export interface TargetFinderDeps {
  readonly views: Views
  readonly taskIds: TaskIds
  readonly servers: Readonly<Record<string, ServerConfig>>
  /** Tools that the gateway answers itself; none by default. */
  readonly ownTools?: ReadonlySet<string>
  /** A group by its name; there are none by default. */
  readonly groupOf?: (name: string) => GroupPlace | undefined
}

/** Finds where a request leads; undefined for lists, and for names that lead nowhere or are hidden. */
export class TargetFinder {
  readonly #deps: TargetFinderDeps

  constructor(deps: TargetFinderDeps) {
    this.#deps = deps
  }

  find(exchange: Exchange): Target | undefined {
    const { message, caller, scope } = exchange
    const view = this.#deps.views.get(scope, caller.principal.sight)
    switch (message.method) {
      case 'tools/call':
        return message.name === undefined || this.owns(message)
          ? undefined
          : view.tool(message.name)
      case 'prompts/get':
        return message.name === undefined ? undefined : view.prompt(message.name)
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return message.uri === undefined
          ? undefined
          : view.resource(message.uri, holderOf(caller.principal))
      case 'completion/complete':
        return findReference(exchange, view)
      default:
        return isTaskMethod(message.method)
          ? this.#task(exchange, view)
          : this.#other(message.method, view)
    }
  }

  /** Whether a message calls a tool of the gateway itself, which leads to no server. */
  owns({ method, name = '' }: Exchange['message']): boolean {
    return method === 'tools/call' && this.#deps.ownTools?.has(name) === true
  }

  #task(exchange: Exchange, view: View): Target | undefined {
    const id = taskIdOf(exchange)
    const place =
      id === undefined
        ? undefined
        : this.#deps.taskIds.find(id, holderOf(exchange.caller.principal))
    if (!place) return undefined
    if (view.servers.includes(place.server)) {
      const config = this.#deps.servers[place.server]
      return config && describeOther(config, 'task', place.taskId)
    }
    return this.#memberTask(place, view)
  }

  /** A task of a server that this scope shows only as a member of a group. */
  #memberTask({ server, taskId }: TaskPlace, view: View): Target | undefined {
    for (const name of view.servers) {
      const group = this.#deps.groupOf?.(name)
      if (group?.members.includes(server)) {
        return { ...describeOther(group.config, 'task', taskId, true), member: server }
      }
    }
    return undefined
  }

  #other(method: string, view: View): Target | undefined {
    // Who is shown a selection was not given what nobody selected: an endpoint, a caller with a narrow sight.
    if (!isExtension(method) || view.passThrough === undefined || view.narrowed) return undefined
    const config = this.#deps.servers[view.passThrough]
    if (config) return describeOther(config, 'other', '')
    const group = this.#deps.groupOf?.(view.passThrough)
    return group && describeOther(group.config, 'other', '', true)
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
      return uri === undefined ? undefined : view.template(uri, holderOf(caller.principal))
    default:
      return undefined
  }
}
