import type { ListedTool } from './answers.ts'

const PARAMETERS = {
  query: { type: 'string', description: 'What to look for, in plain words.' },
  limit: { type: 'integer', minimum: 1, maximum: 100, description: 'Most results to return.' },
  since: { type: 'string', format: 'date-time', description: 'Only what changed after this time.' },
}

/** Tools named `tool_0000` and up, of the size that tools have. */
export function searchTools(count: number): readonly ListedTool[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `tool_${String(at).padStart(4, '0')}`,
    description: `Searches collection ${at} and returns the records that match, newest first.`,
    inputSchema: { type: 'object', properties: PARAMETERS, required: ['query'] },
  }))
}
