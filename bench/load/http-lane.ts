import { ID_FIRST, INITIALIZED_TEXT, initializeText, mcpHeaders } from '../wire/mcp.ts'
import { HttpConnection } from './connection.ts'
import type { Job, Target } from './job.ts'
import type { Lane } from './lane.ts'
import { askHeaders, askText, postBytes, RequestTemplate } from './request.ts'

type HttpTarget = Extract<Target, { kind: 'http' }>

/** Opens the job's connections to a Streamable HTTP endpoint, with their sessions if the era has any. */
export async function openHttpLanes(job: Job, target: HttpTarget): Promise<Lane[]> {
  const url = new URL(target.url)
  const lanes: Lane[] = []
  let session: Record<string, string> | undefined
  for (let at = 0; at < job.connections; at++) {
    const connection = await HttpConnection.open(Number(url.port))
    if (job.era === 'legacy' && (session === undefined || !target.sharedSession)) {
      session = await openSession(connection, url, target.headers)
    }
    const headers = { ...target.headers, ...askHeaders(job.era, job.ask), ...session }
    lanes.push(httpLane(connection, postBytes(url, headers, askText(job.era, job.ask))))
  }
  return lanes
}

/**
 * Runs the legacy handshake.
 *
 * @returns the headers that carry the session; empty where the server keeps none
 */
export async function openSession(
  connection: HttpConnection,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const opened = await connection.request(postBytes(url, headers, initializeText(ID_FIRST)))
  if (opened.status !== 200) {
    throw new Error(`initialize: status ${opened.status}: ${opened.body.toString('utf8', 0, 300)}`)
  }
  const id = /^mcp-session-id: *(\S+)/im.exec(opened.head)?.[1]
  const session: Record<string, string> = id === undefined ? {} : { 'Mcp-Session-Id': id }
  const ready = { ...headers, ...mcpHeaders('legacy', '', undefined), ...session }
  const { status } = await connection.request(postBytes(url, ready, INITIALIZED_TEXT))
  if (status !== 202 && status !== 200) throw new Error(`initialized: status ${status}`)
  return session
}

function httpLane(connection: HttpConnection, request: Buffer): Lane {
  const template = new RequestTemplate(request)
  return {
    call(id, done) {
      connection.send(template.withId(id), (answer) => {
        done(answer instanceof Error ? { error: answer.message } : answer)
      })
    },
    close: () => connection.close(),
  }
}
