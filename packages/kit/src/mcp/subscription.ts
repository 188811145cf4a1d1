import { randomBytes } from 'node:crypto'
import type { Principal } from '../principal.ts'
import type { ClientName } from './client-name.ts'
import { META_SERVER_INFO, META_SUBSCRIPTION } from './envelope.ts'
import type { ApplicationFace, ListenFilter, Subscriber } from './exchange.ts'
import type { Line } from './line.ts'
import { LATEST_MODERN } from './message.ts'
import { listMembers } from './scan.ts'
import { notificationText, resultMessage, splice } from './splice.ts'

/** Lists whose changes are told. */
export const LIST_KINDS = ['tools', 'prompts', 'resources'] as const
export type ListKind = (typeof LIST_KINDS)[number]

/** The notification that tells of a changed list. */
export function changeOf(kind: ListKind): string {
  return `notifications/${kind}/list_changed`
}

const UPDATED = 'notifications/resources/updated'
/** Messages kept until the acknowledgement has left. */
const WAITING_MAX = 256

export interface SubscriptionOwner {
  readonly principal: Principal
  readonly scope: string
  /** The literal of the listen request's id: a large number must not lose digits. */
  readonly id: string
  readonly client?: ClientName | undefined
  /** When it was asked for, monotonic, milliseconds. */
  readonly arrivedMs?: number
}

/**
 * One `subscriptions/listen`: the acknowledgement first, then what is granted and nothing else, each message
 * under the subscription's id. What happens before the acknowledgement waits for it.
 *
 * Source: MCP 2026-07-28, "Subscriptions".
 */
export class Subscription implements Subscriber {
  /** As it is known now. */
  principal: Principal
  readonly scope: string
  readonly client: ClientName | undefined
  readonly arrivedMs: number
  /** Revision that its client speaks. */
  readonly version = LATEST_MODERN
  readonly era = 'modern'
  /** What operators call it. */
  readonly label = randomBytes(8).toString('hex')
  readonly #id: string
  #filter: ListenFilter
  #line: Line | undefined
  #farewell: Buffer | undefined
  #waiting: { readonly method: string; readonly params: string | undefined }[] = []
  #onEnd: (() => void)[] = []
  #ended = false

  /** @param wished what the client asks for; nothing else is ever granted */
  constructor(owner: SubscriptionOwner, wished: ListenFilter) {
    const { principal, scope, id, client, arrivedMs = 0 } = owner
    this.client = client
    this.arrivedMs = arrivedMs
    this.principal = principal
    this.scope = scope
    this.#id = id
    this.#filter = wished
  }

  get ended(): boolean {
    return this.#ended
  }

  send(method: string, params?: string): boolean {
    if (this.#ended || !this.#admits(method)) return false
    if (this.#line) return this.#line.send(notificationText(method, stamped(params, this.#id)))
    if (this.#waiting.some((one) => one.method === method && one.params === params)) return true
    if (this.#waiting.length >= WAITING_MAX) return false
    this.#waiting.push({ method, params })
    return true
  }

  /** Acknowledges on `line` what is granted, and goes on there. With nothing granted it ends at once. */
  begin(line: Line, granted: ListenFilter, face: ApplicationFace): void {
    this.#filter = narrowed(this.#filter, granted)
    const serverInfo = JSON.stringify(face.serverInfo)
    this.#farewell = resultMessage(
      Buffer.from(this.#id),
      `{"resultType":"complete","_meta":{"${META_SUBSCRIPTION}":${this.#id},"${META_SERVER_INFO}":${serverInfo}}}`,
    )
    const params = `{"notifications":${filterText(this.#filter)}}`
    const method = 'notifications/subscriptions/acknowledged'
    line.send(notificationText(method, stamped(params, this.#id)))
    this.#line = line
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) this.send(one.method, one.params)
    if (isEmpty(this.#filter)) this.finish()
  }

  onEnd(told: () => void): void {
    if (this.#ended) told()
    else this.#onEnd.push(told)
  }

  /** Ends it gracefully: the client gets its final result. Safe to call twice. */
  finish(): void {
    if (this.#ended) return
    if (this.#farewell) this.#line?.send(this.#farewell)
    this.end()
  }

  /** Ends it, with or without a line left. Safe to call twice. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#line?.end()
    for (const told of this.#onEnd) told()
    this.#onEnd = []
  }

  #admits(method: string): boolean {
    const { tools, prompts, resources, uris } = this.#filter
    switch (method) {
      case changeOf('tools'):
        return tools
      case changeOf('prompts'):
        return prompts
      case changeOf('resources'):
        return resources
      case UPDATED:
        return uris.length > 0
      default:
        return false
    }
  }
}

function isEmpty({ tools, prompts, resources, uris }: ListenFilter): boolean {
  return !tools && !prompts && !resources && uris.length === 0
}

function narrowed(wished: ListenFilter, granted: ListenFilter): ListenFilter {
  const uris = new Set(granted.uris)
  return {
    tools: wished.tools && granted.tools,
    prompts: wished.prompts && granted.prompts,
    resources: wished.resources && granted.resources,
    uris: wished.uris.filter((uri) => uris.has(uri)),
  }
}

function filterText({ tools, prompts, resources, uris }: ListenFilter): string {
  return JSON.stringify({
    ...(tools ? { toolsListChanged: true } : {}),
    ...(prompts ? { promptsListChanged: true } : {}),
    ...(resources ? { resourcesListChanged: true } : {}),
    ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
  })
}

/** The params, JSON text of an object, with the subscription's id in their `_meta`, in place of any other. */
function stamped(params: string | undefined, id: string): string {
  const stamp = `"${META_SUBSCRIPTION}":${id}`
  if (params === undefined) return `{"_meta":{${stamp}}}`
  const bytes = Buffer.from(params.trim())
  const members = listMembers(bytes, { start: 0, end: bytes.length })
  const meta = members.find(({ key }) => key === '_meta')
  if (!meta) return withMember(bytes, 0, members.length > 0, `"_meta":{${stamp}}`)
  const inside = listMembers(bytes, { start: meta.valueStart, end: meta.end })
  const known = inside.find(({ key }) => key === META_SUBSCRIPTION)
  if (known) {
    const at = meta.valueStart
    const edit = { start: at + known.valueStart, end: at + known.end, text: id }
    return splice(bytes, [edit]).toString()
  }
  if (bytes[meta.valueStart] === 0x7b) {
    return withMember(bytes, meta.valueStart, inside.length > 0, stamp)
  }
  const edit = { start: meta.valueStart, end: meta.end, text: `{${stamp}}` }
  return splice(bytes, [edit]).toString()
}

/** Puts a member first into the object that starts at `start`. */
function withMember(bytes: Buffer, start: number, others: boolean, member: string): string {
  const at = bytes.indexOf('{', start) + 1
  return splice(bytes, [{ start: at, end: at, text: others ? `${member},` : member }]).toString()
}
