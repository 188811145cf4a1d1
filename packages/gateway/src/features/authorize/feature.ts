import type { Feature } from '../feature.ts'
import { authorizeCalls } from './authorize.ts'

export const authorizeFeature: Feature = { id: 'authorize', open: authorizeCalls }
