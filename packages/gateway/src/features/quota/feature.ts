import type { Feature } from '../feature.ts'
import { countCalls } from './count.ts'

export const quotaFeature: Feature = { id: 'quota', open: countCalls }
