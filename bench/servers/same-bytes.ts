import { readFileSync } from 'node:fs'
import { readBody, serve } from './serve.ts'

/** Answers every request with the bytes of one file: the floor for an answer of that size. */
const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: same-bytes.ts FILE')
const bytes = readFileSync(file)

serve((request, response) => {
  readBody(request, () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
    response.end(bytes)
  })
})
