import type { Feature } from '../feature.ts'
import { intendCalls, recordCalls } from './record.ts'

export const recordFeature: Feature = { id: 'record', open: recordCalls }
export const intendFeature: Feature = { id: 'intend', open: intendCalls }
