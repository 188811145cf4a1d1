import { ManualClock, systemClock } from '@sallyport/kit/clock'
import { builtInGrants, Lockout } from '@sallyport/kit/door'
import { silentLog } from '@sallyport/kit/log'
import type { LoginRecord, LoginStore, UserRecord, UserStore } from '@sallyport/kit/store'
import { LoginTokens, NameThrottle, Passwords } from '@sallyport/kit/users'
import type { AdminDeps } from '../../src/admin/index.ts'
import { LoginService } from '../../src/users/login-service.ts'
import { People } from '../../src/users/people.ts'
import { UserService } from '../../src/users/user-service.ts'

type UserDeps = Pick<
  AdminDeps,
  'people' | 'userService' | 'loginService' | 'pages' | 'hostOf' | 'onLoginFailed'
>

/** Nobody who could log in, for tests of everything else. */
export async function openFakeUsers(scope: AsyncDisposableStack): Promise<UserDeps> {
  const { users, logins } = emptyStores()
  const [clock, grants] = [systemClock, builtInGrants()]
  const people = scope.use(
    await People.start({
      ...{ users, logins, clock, grants, log: silentLog },
      changes: { read: async () => new Map() },
      idleMs: () => 60_000,
      onEnded: () => undefined,
    }),
  )
  const passwords = new Passwords({ log2n: 2, r: 1, p: 1 })
  const tokens = new LoginTokens({ keys: () => [Buffer.alloc(32)], name: 'test' }, clock)
  return {
    people,
    userService: new UserService({
      ...{ users, passwords, grants, clock },
      changed: async () => undefined,
    }),
    loginService: new LoginService({
      ...{ users, logins, people, passwords, tokens, clock },
      lockout: new Lockout(clock, { failures: 0, windowMs: 1_000, holdMs: 1_000 }),
      throttle: new NameThrottle(new ManualClock()),
      life: () => ({ lifeMs: 60_000, tokenLifeMs: 60_000 }),
    }),
    pages: () => ({ admin: { host: '127.0.0.1' } }),
    hostOf: (req) => req.headers.host,
    onLoginFailed: () => undefined,
  }
}

function emptyStores(): { users: UserStore; logins: LoginStore } {
  const nobody = async (): Promise<never> => {
    throw new Error('nobody is kept here')
  }
  return {
    users: {
      list: async (): Promise<UserRecord[]> => [],
      find: async () => undefined,
      create: nobody,
      change: nobody,
      remove: nobody,
      loggedIn: async () => undefined,
    },
    logins: {
      list: async (): Promise<LoginRecord[]> => [],
      find: async () => undefined,
      create: async () => false,
      seen: async () => undefined,
      end: async () => false,
      prune: async () => 0,
    },
  }
}
