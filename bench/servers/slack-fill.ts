/**
 * Fills the store of a Slack server with installations: `slack-fill.ts sqlite:<path> <count>`. Their tokens never end;
 * teams are `T0BENCH0001` and so on.
 */
import { systemClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { ChangeWatch, openKeyedStore } from '@sallyport/kit/store'
import { LiveInstallations } from '../../packages/slack/src/installations/index.ts'

const [location = '', count = '0'] = process.argv.slice(2)
const [clock, log] = [systemClock, silentLog]
const scopes = ['channels:read', 'channels:history', 'groups:history', 'users:read', 'chat:write']
await using keyed = await openKeyedStore({ location, masterKeys: undefined, clock, log })
await using watch = await ChangeWatch.start({ changes: keyed.store.changes, log })
await using installations = await LiveInstallations.open({
  ...{ store: keyed.store, watch, clock, log, marginMs: 0 },
  apps: [],
  spend: () => Promise.reject(new Error('nothing is refreshed here')),
})
for (let at = 1; at <= Number(count); at += 1) {
  const team = `T0BENCH${String(at).padStart(4, '0')}`
  await installations.save({
    ...{ app: 'default', team, teamName: `Team ${at}`, enterprise: null, tenant: null },
    ...{ botUser: 'U0BENCHBOT', botScopes: scopes, user: null, installedBy: 'U0BENCH000' },
    bot: { token: new Secret(`xoxb-bench-${team}`), refresh: undefined, expiresAtMs: null },
    userToken: undefined,
  })
}
