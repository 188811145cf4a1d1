import type { AnswerTable } from './answer.ts'

export const DISCORD = {} as const satisfies AnswerTable
