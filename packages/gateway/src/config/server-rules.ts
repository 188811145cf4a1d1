import type { GatewayConfig, HttpServerConfig, ServerConfig } from '@sallyport/contract/config'
import type { Environment, ReportPath } from '@sallyport/kit/config'

/** What servers must keep beyond their schema, as far as the file and the environment can tell. */
export function judgeServers(
  { servers }: Pick<GatewayConfig, 'servers'>,
  report: ReportPath,
  env: Environment,
): void {
  for (const server of Object.values(servers)) {
    if (server.kind === 'http') judgeTls(server, report, env)
    judgeRoots(server, report)
  }
}

/** TLS settings also hold for an https proxy; without one an http server never sees them. */
function judgeTls(
  { name, url, tls, proxy }: HttpServerConfig,
  report: ReportPath,
  env: Environment,
): void {
  if (tls === undefined || url.startsWith('https:')) return
  const usual = env['http_proxy'] || env['HTTP_PROXY'] || ''
  const way = typeof proxy === 'object' ? proxy.reveal() : (proxy ?? usual)
  if (/^https:/i.test(way)) return
  const message = '`tls` has no effect on an `http://` address, which is spoken to in the clear'
  report(['mcpServers', name, 'tls'], message, {
    remedy: 'write `url` with `https://`, or remove `tls`',
  })
}

/** `file://srv/shared` is the folder `/shared` of a machine called `srv`: two slashes where three were meant. */
function judgeRoots({ name, roots }: ServerConfig, report: ReportPath): void {
  if (typeof roots === 'string') return
  for (const [index, root] of roots.entries()) {
    if (new URL(root).host === '') continue
    report(['mcpServers', name, 'roots', index], 'the URI names a folder of another machine', {
      severity: 'warning',
      remedy: 'write three slashes before the path, like `file:///srv/shared`',
    })
  }
}
