import type { AnswerTable } from './answer.ts'

export const DATA = {} as const satisfies AnswerTable
