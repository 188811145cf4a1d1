import { CALLER } from '@sallyport/kit/principal'
import type { Asker } from './upstream.ts'

/** The gateway itself, as one that uses servers: those that must be up whoever calls. */
export const OWN_ASKER: Asker = {
  principal: {
    ...CALLER,
    ...{ id: 'gateway', kind: 'local', name: 'gateway' },
  },
}
