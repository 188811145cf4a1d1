import type { AnswerTable } from './answer.ts'

export const EDGE = {} as const satisfies AnswerTable
