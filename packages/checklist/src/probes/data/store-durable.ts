import { gatewayStatus } from '@sallyport/contract/admin'
import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { withoutConfig } from '../../looks/embedded-store.ts'

/** That every call is recorded, now. */
export const storeDurable: Probe = {
  kind: 'probe',
  title: 'Every call is recorded: the audit log is on and the store takes writes',
  remedy: 'set `audit.enabled: true`',
  look: async (deployment, signal) => {
    const { config, gateway } = deployment
    if (config === undefined) return withoutConfig()
    if (!config.audit.enabled) {
      return failed([{ kind: 'config', text: '`audit.enabled` is false: calls leave no record' }])
    }
    if (gateway === undefined) {
      return unproved(
        'gateway',
        'no gateway runs here that could be asked whether its store takes writes',
        'start the gateway',
      )
    }
    const { store } = await gateway.read(gatewayStatus, '/api/v1/status', signal)
    const seen: Seen = {
      kind: 'gateway',
      text: `its store (${store.kind}) ${store.writable ? 'takes' : 'takes no'} writes; a record survives the end of the ${config.audit.durability === 'power' ? 'power' : 'process'}`,
    }
    if (store.writable) return proved(seen)
    return failed([seen], 'look into the log of the gateway for the code `store_unwritable`')
  },
}
