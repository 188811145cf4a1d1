import type { Feature } from '../feature.ts'
import { admitCalls } from './admit.ts'

export const admitFeature: Feature = { id: 'admit', open: admitCalls }
