import type { Base } from '../open-base.ts'
import type { People } from '../users/people.ts'
import { Erasure } from './erasure.ts'

/** The erasure of a gateway that runs: whoever is erased is out at once. */
export function openErasure(base: Base, people: People): Erasure {
  const { state, options, identity, tokens, quotas } = base
  return new Erasure({
    store: state.store,
    keys: state.keys,
    log: options.log,
    flush: () => quotas.flush(),
    onErased: async (principals) => {
      await Promise.all([identity.refreshKeys(), people.refresh(), identity.suspensions.refresh()])
      // Also those that nothing in the store lets in: tokens of identity providers and of the file.
      identity.settle({ ended: principals, renewed: [] })
      for (const id of principals) await tokens.forget(id)
    },
  })
}
