export { formatText, type TextOptions } from './text.ts'
export { verdictOf, type Verdict } from './words.ts'
