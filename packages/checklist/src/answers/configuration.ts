import type { AnswerTable } from './answer.ts'

export const CONFIGURATION = {} as const satisfies AnswerTable
