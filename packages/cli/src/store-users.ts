import {
  userBootstrap,
  userCreate,
  userReset,
  type UserBootstrapInput,
  type UserChangeInput,
  type UserCreateInput,
  type UserItem,
  type UserList,
  type UserMade,
  type UserResetInput,
} from '@sallyport/contract/admin'
import { LOCAL_ADMIN, toUserItem, toUserMade, type UserService } from '@sallyport/gateway/admin'
import type { UserAdministration } from './user-administration.ts'

const HASH_MS = 30_000

/** The users of a gateway that does not run, in its store. */
export class StoreUsers implements UserAdministration {
  readonly #users: UserService

  constructor(users: UserService) {
    this.#users = users
  }

  async list(): Promise<UserList> {
    return { items: (await this.#users.list(LOCAL_ADMIN)).map(toUserItem) }
  }

  async show(idOrName: string): Promise<UserItem> {
    return toUserItem(await this.#users.find(idOrName, LOCAL_ADMIN))
  }

  async create(input: UserCreateInput): Promise<UserMade> {
    return toUserMade(await this.#users.create(userCreate.parse(input), ask()))
  }

  async bootstrap(input: UserBootstrapInput): Promise<UserMade> {
    return toUserMade(await this.#users.bootstrap(userBootstrap.parse(input), ask()))
  }

  async change({ id, version }: UserItem, change: UserChangeInput): Promise<UserItem> {
    const user = await this.#users.find(id, LOCAL_ADMIN)
    const by = { caller: LOCAL_ADMIN, version }
    return toUserItem(await this.#users.change(user, change, by))
  }

  async reset(idOrName: string, input: UserResetInput): Promise<UserMade> {
    const user = await this.#users.find(idOrName, LOCAL_ADMIN)
    return toUserMade(await this.#users.reset(user, userReset.parse(input), ask()))
  }

  async remove({ id, version }: UserItem): Promise<void> {
    await this.#users.remove(await this.#users.find(id, LOCAL_ADMIN), LOCAL_ADMIN, version)
  }
}

function ask(): { readonly caller: typeof LOCAL_ADMIN; readonly signal: AbortSignal } {
  return { caller: LOCAL_ADMIN, signal: AbortSignal.timeout(HASH_MS) }
}
