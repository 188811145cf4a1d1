import type { AnswerTable } from './answer.ts'

export const SLACK = {} as const satisfies AnswerTable
