import type { Feature } from '../feature.ts'
import { makeOnce } from './once.ts'

export const onceFeature: Feature = { id: 'once', open: makeOnce }
