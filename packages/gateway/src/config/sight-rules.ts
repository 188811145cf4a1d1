import type { GatewayConfig } from '@sallyport/contract/config'
import type { ConfigPath, ReportPath } from '@sallyport/kit/config'

/**
 * Warns where tenants, tokens or certificates are to see a server that is not there. One may be added while the
 * gateway runs, so it is no error; mostly it is a slip of the pen that leaves a caller with nothing.
 */
export function judgeSights(
  { tenants, auth, servers, groups }: GatewayConfig,
  report: ReportPath,
): void {
  const judge = (names: readonly string[] | undefined, path: ConfigPath): void => {
    for (const [index, name] of (names ?? []).entries()) {
      if (Object.hasOwn(servers, name) || Object.hasOwn(groups, name)) continue
      const message = `there is no server or group \`${name}\``
      const remedy = 'name one of `mcpServers` or `groups`, or add it over the API'
      report([...path, 'servers', index], message, { severity: 'warning', remedy })
    }
  }
  for (const [name, { rule }] of Object.entries(tenants)) judge(rule.servers, ['tenants', name])
  for (const [index, { rule }] of auth.tokens.entries()) {
    judge(rule?.servers, ['auth', 'tokens', index])
  }
  for (const [index, { rule }] of (auth.clientCertificates?.subjects ?? []).entries()) {
    judge(rule?.servers, ['auth', 'clientCertificates', 'subjects', index])
  }
}
