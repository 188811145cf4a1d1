import type { Feature } from '../feature.ts'
import { recordCalls } from './record.ts'

export const recordFeature: Feature = { id: 'record', open: recordCalls }
