import { timingSafeEqual } from 'node:crypto'
import {
  type Edit,
  type Exchange,
  findMember,
  type Message,
  paramText,
  parseText,
} from '@sallyport/kit/mcp'

/** The tasks extension of the modern era. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'
const RELATED_TASK = 'io.modelcontextprotocol/related-task'

/** Methods about one task, in either era. */
export const TASK_METHODS: ReadonlySet<string> = new Set([
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'tasks/result',
])

const MAC_BYTES = 16

/** Whose tasks a message is about. */
export interface TaskOwner {
  readonly server: string
  readonly principalId: string
}

/** A task of a server, as a client's id names it. */
export interface TaskPlace {
  readonly server: string
  readonly taskId: string
}

/**
 * The ids under which clients know tasks of servers: server, the server's own id, and a MAC that binds both
 * to one principal. Whoever presents another's id is told that there is no such task; the ids need no
 * memory and survive a restart.
 *
 * Source: MCP Tasks extension, "Security"; facts, rules C8 and I14.
 */
export class TaskIds {
  readonly #mac: (bytes: Buffer) => Buffer

  constructor(mac: (bytes: Buffer) => Buffer) {
    this.#mac = mac
  }

  /** The public id of a server's task for a principal. The same each time. */
  show({ server, taskId }: TaskPlace, principalId: string): string {
    const own = Buffer.from(taskId).toString('base64url')
    return `${server}.${own}.${this.#sign(server, own, principalId).toString('base64url')}`
  }

  /** The task behind a public id; undefined for one that was not shown to this principal. */
  find(publicId: string, principalId: string): TaskPlace | undefined {
    const [server, own, mac, ...rest] = publicId.split('.')
    if (server === undefined || own === undefined || mac === undefined || rest.length > 0)
      return undefined
    const given = Buffer.from(mac, 'base64url')
    // Decoding skips foreign characters and loose bits; one text alone is the id.
    if (given.length !== MAC_BYTES || given.toString('base64url') !== mac) return undefined
    if (!timingSafeEqual(given, this.#sign(server, own, principalId))) return undefined
    return { server, taskId: Buffer.from(own, 'base64url').toString() }
  }

  /**
   * Puts public ids in place of a server's own, wherever a message names a task.
   *
   * @param isTask whether the message is itself a task, not the result of a tool with a member of that name
   */
  edits(message: Message, owner: TaskOwner, isTask: boolean): Edit[] {
    const { server, principalId } = owner
    const { bytes, result, params, meta } = message
    if (!bytes.includes('"taskId"')) return []
    const body = result.start === -1 ? params : result
    const places = [
      isTask ? findMember(bytes, body, 'taskId') : undefined,
      findMember(bytes, body, 'task', 'taskId'),
      findMember(bytes, meta.start === -1 ? body : meta, RELATED_TASK, 'taskId'),
    ]
    return places
      .filter((place) => place !== undefined)
      .flatMap((place) => {
        const taskId = parseText(bytes.toString('utf8', place.start, place.end))
        if (taskId === undefined) return []
        return { ...place, text: JSON.stringify(this.show({ server, taskId }, principalId)) }
      })
      .toSorted((one, other) => one.start - other.start)
  }

  #sign(server: string, own: string, principalId: string): Buffer {
    return this.#mac(Buffer.from(`${server}.${own}.${principalId}`)).subarray(0, MAC_BYTES)
  }
}

/** The id of the task a request is about; undefined when it is no string. */
export function taskIdOf({ message }: Exchange): string | undefined {
  return parseText(paramText(message, 'taskId'))
}
