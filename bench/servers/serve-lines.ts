import type { Incoming } from './answers.ts'

/** Serves stdio with the least work that is still an MCP server; ends with its input. */
export function serveLines(answer: (message: Incoming) => string | undefined): void {
  let rest = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    const answers = lines
      .filter((line) => line !== '')
      .map((line) => answer(JSON.parse(line) as Incoming)) // the bench's own peers wrote it
      .filter((line) => line !== undefined)
    if (answers.length > 0) process.stdout.write(`${answers.join('\n')}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
}
