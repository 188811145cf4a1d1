import { createAnswerer } from './answers.ts'
import type { Incoming } from './answers.ts'
import { searchTools } from './search-tools.ts'
import { readBody, sendJson, serve } from './serve.ts'

/** A bare server with many tools: `listing-http.ts COUNT [MS]`, each answer that many milliseconds late. */
const [count = '', lateMs = '0'] = process.argv.slice(2)
const answer = createAnswerer(searchTools(Number(count)))

serve((request, response) => {
  if (request.method !== 'POST') return void response.writeHead(405).end()
  readBody(request, (body) => {
    const message = JSON.parse(body.toString()) as Incoming // the bench's own client or gateway wrote it
    if (lateMs === '0') sendJson(response, answer(message))
    else setTimeout(() => sendJson(response, answer(message)), Number(lateMs))
  })
})
