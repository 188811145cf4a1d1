import { createAnswerer } from './answers.ts'
import { serveLines } from './serve-lines.ts'
import { searchTools } from './search-tools.ts'

/** A bare stdio server with many tools: `listing-stdio.ts COUNT`. */
const [count = ''] = process.argv.slice(2)
serveLines(createAnswerer(searchTools(Number(count))))
