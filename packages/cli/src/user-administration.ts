import {
  userItem,
  userList,
  userMade,
  type UserBootstrapInput,
  type UserChangeInput,
  type UserCreateInput,
  type UserItem,
  type UserList,
  type UserMade,
  type UserResetInput,
} from '@sallyport/contract/admin'
import type { SocketClient } from './socket-client.ts'

/** What an administrator of this machine can do to the people who log in. */
export interface UserAdministration {
  list(): Promise<UserList>
  /** @throws {AppError} `not_found` */
  show(idOrName: string): Promise<UserItem>
  create(input: UserCreateInput): Promise<UserMade>
  /** @throws {AppError} `conflict` when there is an admin */
  bootstrap(input: UserBootstrapInput): Promise<UserMade>
  /** @throws {AppError} `not_found`, `version_conflict`, `conflict` */
  change(user: UserItem, change: UserChangeInput): Promise<UserItem>
  reset(idOrName: string, input: UserResetInput): Promise<UserMade>
  /** @throws {AppError} as `change` */
  remove(user: UserItem): Promise<void>
}

const USERS = '/api/v1/users'

/** The users of a running gateway, over its local socket. */
export class SocketUsers implements UserAdministration {
  readonly #client: SocketClient

  constructor(client: SocketClient) {
    this.#client = client
  }

  list(): Promise<UserList> {
    return this.#client.list(userList, USERS)
  }

  show(idOrName: string): Promise<UserItem> {
    return this.#client.ask(userItem, { method: 'GET', url: userUrl(idOrName) })
  }

  create(body: UserCreateInput): Promise<UserMade> {
    return this.#client.ask(userMade, { method: 'POST', url: USERS, body })
  }

  bootstrap(body: UserBootstrapInput): Promise<UserMade> {
    return this.#client.ask(userMade, { method: 'POST', url: `${USERS}/bootstrap`, body })
  }

  change({ id, version }: UserItem, body: UserChangeInput): Promise<UserItem> {
    return this.#client.ask(userItem, { method: 'PATCH', url: userUrl(id), body, version })
  }

  reset(idOrName: string, body: UserResetInput): Promise<UserMade> {
    const url = `${userUrl(idOrName)}/password`
    return this.#client.ask(userMade, { method: 'POST', url, body })
  }

  remove({ id, version }: UserItem): Promise<void> {
    return this.#client.do({ method: 'DELETE', url: userUrl(id), version })
  }
}

function userUrl(idOrName: string): string {
  return `${USERS}/${encodeURIComponent(idOrName)}`
}
