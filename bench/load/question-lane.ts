import { ASKABLE, metaOf } from '../wire/mcp.ts'
import { AskingStream, unasked } from './asking-stream.ts'
import { HttpConnection } from './connection.ts'
import { openSession } from './open-session.ts'
import type { Job, Target } from './job.ts'
import type { Lane, LaneAnswer } from './lane.ts'
import { askHeaders, postBytes } from './request.ts'

type HttpTarget = Extract<Target, { kind: 'http' }>

/** Ids of first attempts stand apart from those of retries. */
const FIRST_ATTEMPT = 500_000_000
const ACCEPTED = { action: 'accept', content: { name: 'bench' } }

/** Opens clients that are asked in the middle of each call and answer at once; a call ends with its result. */
export async function openQuestionLanes(job: Job, target: HttpTarget): Promise<Lane[]> {
  const lanes: Lane[] = []
  for (let at = 0; at < job.connections; at++) {
    lanes.push(await (job.era === 'modern' ? openModern(job, target) : openLegacy(job, target)))
  }
  return lanes
}

/** Asked by `input_required`, answers with a retry on the same connection. */
async function openModern({ ask }: Job, target: HttpTarget): Promise<Lane> {
  const url = new URL(target.url)
  const connection = await HttpConnection.open(Number(url.port))
  const headers = { ...target.headers, ...askHeaders('modern', ask) }
  const post = (id: number, more: object, done: (answer: LaneAnswer) => void): void => {
    const params = { ...paramsOf(ask), ...more, _meta: metaOf(ASKABLE) }
    const text = JSON.stringify({ jsonrpc: '2.0', id, method: ask.method, params })
    connection.send(postBytes(url, headers, text), (answer) => {
      done(answer instanceof Error ? { error: answer.message } : answer)
    })
  }
  return {
    call(id, done) {
      post(id + FIRST_ATTEMPT, {}, (answer) => {
        const retry = retryOf(answer)
        if (retry === undefined) done(unasked(answer))
        else post(id, retry, done)
      })
    },
    close: () => connection.close(),
  }
}

interface InputRequired {
  readonly inputRequests: Readonly<Record<string, unknown>>
  readonly requestState?: string
}

function retryOf(answer: LaneAnswer): object | undefined {
  if ('error' in answer || answer.status !== 200) return undefined
  const { result } = JSON.parse(answer.body.toString()) as { result?: Partial<InputRequired> } // checked below
  if (result?.inputRequests === undefined) return undefined
  const keys = Object.keys(result.inputRequests)
  const inputResponses = Object.fromEntries(keys.map((key) => [key, ACCEPTED]))
  return { inputResponses, requestState: result.requestState }
}

/** Asked by a request on its call's event stream, answers by a post on a second connection. */
async function openLegacy({ ask }: Job, target: HttpTarget): Promise<Lane> {
  const url = new URL(target.url)
  const posts = await HttpConnection.open(Number(url.port))
  const session = await openSession(posts, url, target.headers, ASKABLE)
  const headers = { ...target.headers, ...askHeaders('legacy', ask), ...session }
  const calls = await AskingStream.open(url, (questionId, failed) => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: questionId, result: ACCEPTED })
    posts.send(postBytes(url, headers, text), (answer) => {
      if (answer instanceof Error) failed(answer.message)
      else if (answer.status !== 202) failed(`its answer got status ${answer.status}`)
    })
  })
  return {
    call(id, done) {
      const message = { jsonrpc: '2.0', id, method: ask.method, params: paramsOf(ask) }
      calls.send(postBytes(url, headers, JSON.stringify(message)), done)
    },
    close: () => {
      posts.close()
      calls.close()
    },
  }
}

function paramsOf(ask: Job['ask']): Readonly<Record<string, unknown>> {
  return ask.method === 'tools/call' ? { name: ask.tool, arguments: { text: 'hello' } } : {}
}
