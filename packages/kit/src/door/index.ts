export { AddressRanges } from './address-ranges.ts'
export {
  adoptKey,
  createKey,
  createKeyText,
  hashCredential,
  type NewKey,
  parseKey,
} from './api-key.ts'
export { readCredential } from './bearer.ts'
export { Cors } from './cors.ts'
export type {
  CertificateSubject,
  CredentialChanges,
  Renewal,
  StaticToken,
} from './credential-holder.ts'
export { ruleOf } from './credential-holder.ts'
export { Credentials } from './credentials.ts'
export { CredentialsRefresher, type CredentialsRefresherOptions } from './credentials-refresher.ts'
export {
  type CookieJudge,
  Door,
  type DoorDeps,
  type DoorOptions,
  type DoorPass,
  type DoorRefusal,
  type DoorSettings,
  type DoorVerdict,
  type Pending,
  type TokenJudge,
  type TokenVisit,
} from './door.ts'
export {
  builtInGrants,
  type Grant,
  type Granted,
  type GrantResolver,
  isSameGrant,
  permissionsOf,
  Sights,
} from './grants.ts'
export { HostRules, type HostSettings } from './host-rules.ts'
export { Lockout, type LockoutLimits } from './lockout.ts'
export { OriginRules, type OriginSettings } from './origin-rules.ts'
export { refusalRows, type RefusalRowsDeps } from './refusal-rows.ts'
export { judgeToken } from './token-strength.ts'
export { type Arrival, TrustedProxies } from './trusted-proxies.ts'
