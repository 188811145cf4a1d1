import type { AnswerTable } from './answer.ts'

export const SERVERS = {} as const satisfies AnswerTable
