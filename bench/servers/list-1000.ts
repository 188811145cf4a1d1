import { createAnswerer } from './answers.ts'
import type { ListedTool } from './answers.ts'
import { serveBare } from './serve.ts'

const PARAMETERS = {
  query: { type: 'string', description: 'What to look for, in plain words.' },
  limit: { type: 'integer', minimum: 1, maximum: 100, description: 'Most results to return.' },
  since: { type: 'string', format: 'date-time', description: 'Only what changed after this time.' },
}

const tools: ListedTool[] = Array.from({ length: 1_000 }, (_, at) => ({
  name: `tool_${String(at).padStart(4, '0')}`,
  description: `Searches collection ${at} and returns the records that match, newest first.`,
  inputSchema: { type: 'object', properties: PARAMETERS, required: ['query'] },
}))

serveBare(createAnswerer(tools))
