import { HttpConnection } from './connection.ts'
import type { Job, Target } from './job.ts'
import type { Lane } from './lane.ts'
import { openSession } from './open-session.ts'
import { openQuestionLanes } from './question-lane.ts'
import { askHeaders, askText, postBytes, RequestTemplate } from './request.ts'

type HttpTarget = Extract<Target, { kind: 'http' }>

/** Opens the job's connections to a Streamable HTTP endpoint, with their sessions if the era has any. */
export async function openHttpLanes(job: Job, target: HttpTarget): Promise<Lane[]> {
  if (job.ask.method === 'tools/call' && job.ask.asks === true)
    return openQuestionLanes(job, target)
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
