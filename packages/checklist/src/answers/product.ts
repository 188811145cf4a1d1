import type { AnswerTable } from './answer.ts'

export const PRODUCT = {} as const satisfies AnswerTable
