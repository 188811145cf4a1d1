import { admitFeature } from './admit/feature.ts'
import { authorizeFeature } from './authorize/feature.ts'
import type { Feature } from './feature.ts'
import { onceFeature } from './once/feature.ts'
import { quotaFeature } from './quota/feature.ts'
import { intendFeature, recordFeature } from './record/feature.ts'
import { resultsFeature } from './results/feature.ts'
import { suspendFeature } from './suspend/feature.ts'

/**
 * Outermost first. The order is policy: everything is recorded, what is refused costs no authorisation; what is
 * answered from an earlier call costs no quota, and is cut to what its reader may have.
 */
export const FEATURES: readonly Feature[] = [
  recordFeature,
  suspendFeature,
  admitFeature,
  authorizeFeature,
  resultsFeature,
  onceFeature,
  quotaFeature,
  intendFeature,
]
