import type { AnswerTable } from './answer.ts'

export const DRILLS = {} as const satisfies AnswerTable
