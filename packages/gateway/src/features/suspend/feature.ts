import type { Feature } from '../feature.ts'
import { refuseSuspended } from './suspend.ts'

export const suspendFeature: Feature = { id: 'suspend', open: refuseSuspended }
