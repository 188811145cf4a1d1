import type { AnswerTable } from './answer.ts'

export const CONTAINERS = {} as const satisfies AnswerTable
