/** What is asked of the tokens of one identity provider; `auth.issuers.<name>` of the configuration. */
export interface IssuerRules {
  /** Exactly what `iss` says. */
  readonly issuer: string
  /** URL or path of its keys; undefined = by discovery. */
  readonly jwks?: string | undefined
  readonly algorithms: readonly string[]
  /** What `typ` may say: `at+jwt`, `jwt`, `absent`. */
  readonly types: readonly string[]
  /** What `aud` must hold one of; undefined = the address of this gateway. */
  readonly audience?: readonly string[] | undefined
  readonly skewMs: number
  readonly maxLifeMs: number
  readonly claims: {
    readonly roles?: readonly string[] | undefined
    readonly tenant?: string | undefined
    readonly name?: string | undefined
  }
  /** Roles by values of the claims that name roles. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** Roles by scopes. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
  readonly defaultRoles: readonly string[]
  /** PEM text, or the absolute path of a PEM file. */
  readonly ca?: string | undefined
  /** To read its discovery document and keys, milliseconds. */
  readonly timeoutMs: number
  readonly jwksMaxAgeMs: number
  readonly jwksCooldownMs: number
  readonly jwksKeysMax: number
}
