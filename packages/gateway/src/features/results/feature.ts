import type { Feature } from '../feature.ts'
import { keepResults } from './keep.ts'

export const resultsFeature: Feature = { id: 'results', open: keepResults }
