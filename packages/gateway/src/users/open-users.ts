import { Lockout, type TokenJudge } from '@sallyport/kit/door'
import { LoginTokens, NameThrottle, Passwords } from '@sallyport/kit/users'
import type { Base } from '../open-base.ts'
import { LoginTokenJudge, SessionJudge } from './judges.ts'
import { LoginService } from './login-service.ts'
import { People } from './people.ts'
import { UserService } from './user-service.ts'

/** Everything about people who log in. */
export interface Users {
  readonly people: People
  readonly userService: UserService
  readonly loginService: LoginService
  /** What the door of the admin listener asks besides; the data listener knows keys and tokens alone. */
  readonly tokens: readonly TokenJudge[]
  readonly cookies: SessionJudge
}

/** Reads who may log in and who has, and keeps up with it; what is opened belongs to `scope`. */
export async function openUsers(base: Base, scope: AsyncDisposableStack): Promise<Users> {
  const { state, settings, identity } = base
  const { grants } = identity
  const { clock, log } = base.options
  const { store, keys } = state
  const login = () => settings.config.auth.login
  const people = scope.use(
    await People.start({
      ...{ users: store.users, logins: store.logins, changes: store.changes },
      ...{ grants, clock, log },
      idleMs: () => login().idleMs,
      onEnded: (principalId) => identity.settle({ ended: [principalId], renewed: [] }),
    }),
  )
  const derived = keys.deriveKey('login/token')
  const tokens = new LoginTokens(
    {
      keys: () => login().key?.map((key) => Buffer.from(key.reveal())) ?? [derived],
      name: keys.deriveKey('login/name').subarray(0, 12).toString('hex'),
    },
    clock,
  )
  const passwords = new Passwords()
  const changed = (): Promise<void> => people.refresh()
  return {
    people,
    userService: new UserService({ users: store.users, passwords, grants, clock, changed }),
    loginService: new LoginService({
      ...{ users: store.users, logins: store.logins, people, passwords, tokens, clock },
      lockout: new Lockout(clock, settings.lockout),
      throttle: new NameThrottle(clock),
      life: login,
    }),
    tokens: [new LoginTokenJudge(people, tokens)],
    cookies: new SessionJudge(people, () => settings.config),
  }
}
