import {
  type Edit,
  type Exchange,
  findMember,
  listElements,
  listMembers,
  type Message,
  parseText,
} from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { Target } from '../routing/target.ts'
import { findUiUris } from '../routing/tool.ts'
import type { Views } from '../routing/view.ts'
import type { TaskIds } from './task-ids.ts'

/** How every link and every embedded resource of a result begins. */
const LINK = Buffer.from('"resource')
const TASK = Buffer.from('"taskId"')
/** Links of one result that are remembered; a server that gives more has them listed. */
const LEARNED_MAX = 1_000

/** Whose reply to what it is. */
export interface ReplyFrom {
  readonly exchange: Exchange
  readonly target: Target
  /** The member of a group that gave it, whose the tasks are; links are the group's. */
  readonly member?: string | undefined
}

/**
 * What a reply names otherwise in public: resources whose URI two servers share, and tasks. Links are
 * remembered, so that reading them leads back to this server. An ordinary result costs two searches.
 */
export function shownNames(
  { exchange, target, member }: ReplyFrom,
  { views, taskIds }: { readonly views: Views; readonly taskIds: TaskIds },
  reply: Message,
): Edit[] {
  const { scope, caller } = exchange
  const { server } = target
  if (reply.kind !== 'response') return []
  const isTask = reply.resultType === 'task' || target.kind === 'task'
  const edits = reply.bytes.includes(TASK)
    ? taskIds.edits(
        reply,
        { server: member ?? server, principalId: holderOf(caller.principal) },
        isTask,
      )
    : []
  const view = views.get(scope, caller.principal.sight)
  if (view.passThrough !== undefined) return edits
  const links = reply.bytes.includes(LINK)
  if (!links && target.kind !== 'resource' && view.movedUris(server) === undefined) return edits
  const places = uriPlaces(reply)
  if (links) {
    views.learn(
      { scope, principalId: holderOf(caller.principal) },
      server,
      places.slice(0, LEARNED_MAX).map(({ uri }) => uri),
    )
  }
  for (const { uri, start, end } of places) {
    const shown = view.publicUri(server, uri, holderOf(caller.principal))
    if (shown !== uri) edits.push({ start, end, text: JSON.stringify(shown) })
  }
  return edits.toSorted((one, other) => one.start - other.start)
}

interface UriPlace {
  readonly uri: string
  readonly start: number
  readonly end: number
}

/** Where a result names resources: its content, its contents, the content of its messages, its interface. */
function uriPlaces({ bytes, result }: Message): UriPlace[] {
  const found: UriPlace[] = []
  const note = (element: Buffer, ...path: string[]): void => {
    const place = findMember(element, { start: 0, end: element.length }, ...path)
    const uri = place && parseText(element.toString('utf8', place.start, place.end))
    if (!place || uri === undefined) return
    const offset = element.byteOffset - bytes.byteOffset
    found.push({ uri, start: offset + place.start, end: offset + place.end })
  }
  const block = (element: Buffer): void => {
    note(element, 'uri')
    note(element, 'resource', 'uri')
  }
  for (const { key, valueStart, end } of listMembers(bytes, result)) {
    const elements = (): Buffer[] =>
      listElements(bytes, result.start + valueStart, result.start + end)
    if (key === '_meta') {
      const meta = { start: result.start + valueStart, end: result.start + end }
      found.push(...findUiUris(bytes, meta).map(({ uri, range }) => ({ uri, ...range })))
    }
    if (key === 'content' || key === 'contents') for (const element of elements()) block(element)
    if (key !== 'messages') continue
    for (const element of elements()) {
      note(element, 'content', 'uri')
      note(element, 'content', 'resource', 'uri')
    }
  }
  return found
}
