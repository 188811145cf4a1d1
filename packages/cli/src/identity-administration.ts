import type {
  KeyCreated,
  KeyCreateInput,
  KeyList,
  RoleChange,
  RoleCreateInput,
  RoleItem,
  RoleList,
  TenantChange,
  TenantCreateInput,
  TenantItem,
  TenantList,
} from '@sallyport/contract/admin'

/** What an administrator of this machine does to those who call. Whatever is not there is `not_found`. */
export interface IdentityAdministration {
  createKey(input: KeyCreateInput): Promise<KeyCreated>
  listKeys(): Promise<KeyList>
  /** @param overlapMs how long the key of now is good as well */
  rotateKey(idOrName: string, overlapMs: number): Promise<KeyCreated>
  revokeKey(idOrName: string): Promise<void>
  listRoles(): Promise<RoleList>
  createRole(input: RoleCreateInput): Promise<RoleItem>
  /** Of whatever version it has now. */
  changeRole(name: string, change: RoleChange): Promise<RoleItem>
  removeRole(name: string): Promise<void>
  listTenants(): Promise<TenantList>
  createTenant(input: TenantCreateInput): Promise<TenantItem>
  /** Of whatever version it has now. */
  changeTenant(name: string, change: TenantChange): Promise<TenantItem>
  removeTenant(name: string): Promise<void>
}
