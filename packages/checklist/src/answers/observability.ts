import type { AnswerTable } from './answer.ts'

export const OBSERVABILITY = {} as const satisfies AnswerTable
