import type { ServerResponse } from 'node:http'
import { answer, callResult, createAnswerer, refusal } from './answers.ts'
import type { Incoming } from './answers.ts'
import { readBody, sendJson, serve } from './serve.ts'

/** A bare server of one era whose only tool asks the client for a name: `asking-http.ts legacy|modern`. */
const [era] = process.argv.slice(2)
const TOOL = {
  name: 'ask',
  description: 'Asks for a name, then answers with a text of 1024 bytes.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
}
const QUESTION = {
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message: 'What is your name?',
    requestedSchema: {
      type: 'object',
      properties: { name: { type: 'string', title: 'Name' } },
      required: ['name'],
    },
  },
}
const RESULT = callResult('1k')
const ASK = JSON.stringify({
  resultType: 'input_required',
  inputRequests: { name: QUESTION },
  requestState: 'the state that a bare server keeps with its client',
})
const plain = createAnswerer([TOOL])

let sessions = 0
let questions = 0
/** Calls that wait for their client's answer, by the question's id. */
const waiting = new Map<unknown, { readonly call: Incoming; readonly response: ServerResponse }>()

serve((request, response) => {
  if (request.method !== 'POST') return void response.writeHead(405).end()
  readBody(request, (body) => {
    const message = JSON.parse(body.toString()) as Incoming // the bench's own client or gateway wrote it
    if (era === 'modern') answerModern(message, response)
    else answerLegacy(message, response)
  })
})

function answerModern(message: Incoming, response: ServerResponse): void {
  const { method, params } = message
  if (method === 'initialize') return sendJson(response, refusal(message, -32601, 'not found'))
  if (method !== 'tools/call') return sendJson(response, plain(message))
  sendJson(response, answer(message, params?.inputResponses === undefined ? ASK : RESULT))
}

function answerLegacy(message: Incoming, response: ServerResponse): void {
  const { method } = message
  if (method === undefined) return take(message, response)
  if (method === 'server/discover') return sendJson(response, refusal(message, -32601, 'not found'))
  if (method === 'initialize') response.setHeader('mcp-session-id', `bench-${++sessions}`)
  if (method !== 'tools/call') return sendJson(response, plain(message))
  const id = ++questions
  waiting.set(id, { call: message, response })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(eventOf(JSON.stringify({ jsonrpc: '2.0', id, ...QUESTION })))
}

/** The client's answer: the call that waits for it goes on. */
function take(message: Incoming, response: ServerResponse): void {
  response.writeHead(202).end()
  const found = waiting.get(message.id)
  waiting.delete(message.id)
  found?.response.end(eventOf(answer(found.call, RESULT)))
}

function eventOf(data: string): string {
  return `event: message\ndata: ${data}\n\n`
}
