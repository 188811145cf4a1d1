import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type GatewayConfig, isPem, type IssuerConfig } from '@sallyport/contract/config'
import type { ReportPath } from '@sallyport/kit/config'
import { isLoopback } from '@sallyport/kit/http'
import { isUrl } from '@sallyport/kit/tokens'
import { lookUpPem } from './pem-lookup.ts'

/** What identity providers must keep beyond their schema. */
export function judgeIssuers(
  { auth, publicUrl, listen, admin }: GatewayConfig,
  report: ReportPath,
): void {
  const entries = Object.entries(auth.issuers)
  if (entries.length === 0) return
  const open = [listen, admin].some(({ host }) => host !== '' && !isLoopback(host))
  if (publicUrl === undefined && open) {
    const message = 'tokens cannot be meant for a gateway whose address nobody knows'
    const remedy = 'set `publicUrl` to the address that clients use'
    report(['auth', 'issuers'], message, { remedy })
  }
  for (const [name, issuer] of entries) judgeRoles(name, issuer, report)
}

function judgeRoles(name: string, issuer: IssuerConfig, report: ReportPath): void {
  const at = ['auth', 'issuers', name]
  const { roles, scopes, defaultRoles, claims } = issuer
  const mapsRoles = Object.keys(roles).length > 0
  if (mapsRoles && claims.roles === undefined) {
    const message = 'no claim is named that `roles` could be looked up by'
    const remedy = 'name it in `claims.roles`, like `groups` or `realm_access.roles`'
    report([...at, 'roles'], message, { remedy })
  }
  if (mapsRoles || Object.keys(scopes).length > 0 || defaultRoles.length > 0) return
  const message = 'its tokens give no role, so nobody who has one may do anything'
  const remedy = 'add `scopes`, `roles` or `defaultRoles`'
  report(at, message, { severity: 'warning', remedy })
}

/** The issuers with absolute paths. @param folder what a relative path starts from */
export function anchorIssuers(
  issuers: Readonly<Record<string, IssuerConfig>>,
  folder: string,
): Record<string, IssuerConfig> {
  const anchored = Object.entries(issuers).map(([name, issuer]) => {
    const { jwks, ca } = issuer
    const paths = {
      ...(jwks === undefined || isUrl(jwks) ? {} : { jwks: resolve(folder, jwks) }),
      ...(ca === undefined || isPem(ca) ? {} : { ca: resolve(folder, ca) }),
    }
    return [name, { ...issuer, ...paths }]
  })
  return Object.fromEntries(anchored)
}

/** Sees whether the files that issuers name are there. Asks no provider. */
export function lookUpIssuers(
  issuers: Readonly<Record<string, IssuerConfig>>,
  report: ReportPath,
): void {
  for (const [name, { jwks, ca }] of Object.entries(issuers)) {
    const at = ['auth', 'issuers', name] as const
    lookUpPem({ ca }, (key, message, remedy) => report([...at, key], message, { remedy }))
    if (jwks === undefined || isUrl(jwks)) continue
    if (statSync(jwks, { throwIfNoEntry: false })?.isFile() === true) continue
    const remedy = 'correct the path, or give the URL of the key set'
    report([...at, 'jwks'], 'there is no such file', { remedy })
  }
}
