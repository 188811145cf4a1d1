import { isMasterKey, type GatewayConfig, type ListenAddress } from '@sallyport/contract/config'
import type { Environment, ReportPath } from '@sallyport/kit/config'
import { isLoopback } from '@sallyport/kit/http'
import { judgeEndpoints } from './endpoint-rules.ts'
import { judgeGroups } from './group-rules.ts'
import { judgeIssuers } from './issuer-rules.ts'
import { judgeLimits } from './limit-rules.ts'
import { judgeServers } from './server-rules.ts'
import { judgeSights } from './sight-rules.ts'
import { judgeSlack } from './slack-rules.ts'
import { tokenFault } from './token-fault.ts'

/** What a configuration must keep beyond its schema; all of it is known before anything opens. */
export function applyRules(config: GatewayConfig, report: ReportPath, env: Environment): void {
  judgeAddresses(config, report)
  judgeTokens(config, report)
  judgeCertificates(config, report)
  judgeLoginKeys(config, report)
  judgeIssuers(config, report)
  judgeMasterKey(config, report, env)
  judgeGroups(config, report)
  judgeEndpoints(config, report)
  judgeServers(config, report, env)
  judgeSlack(config, report, env)
  judgeLimits(config, report)
  judgeSights(config, report)
  if (!config.audit.enabled) {
    const message = 'the audit log is off, so nothing records who called what'
    report(['audit', 'enabled'], message, { severity: 'warning', remedy: 'set it to true' })
  }
}

/** What holds of the addresses to listen on. Of an inherited socket only once its real address is known. */
export function judgeAddresses(config: GatewayConfig, report: ReportPath): void {
  judgeAnonymous(config, report)
  judgeListeners(config, report)
}

/**
 * Whether anybody can be told apart at a listener beyond loopback: a static token, an identity provider, or a
 * key that is not revoked. To be asked once the store is open and before a port is.
 *
 * @returns why the start is refused, one sentence with its remedy; `undefined` = it may start
 */
export function judgeAuthentication(
  { auth, listen, admin }: GatewayConfig,
  keys: number,
): string | undefined {
  const certificates = auth.clientCertificates?.subjects ?? []
  const named = auth.tokens.length + Object.keys(auth.issuers).length + certificates.length
  if (named > 0 || keys > 0) return undefined
  const open = Object.entries({ listen, admin }).find(([, { host }]) => !isLoopback(host))
  if (open === undefined) return undefined
  return `\`${open[0]}\` is not on loopback and has no authentication; make a key with \`sallyport keys create\`, or set \`auth.tokens\``
}

/** The master keys of a configuration: from the file, else from SALLYPORT_MASTER_KEY (two with a comma). */
export function masterKeyTexts(env: Environment): string[] {
  const text = env['SALLYPORT_MASTER_KEY'] ?? ''
  return text === '' ? [] : text.split(',').map((part) => part.trim())
}

function judgeAnonymous({ auth, listen, admin }: GatewayConfig, report: ReportPath): void {
  if (!auth.anonymous) return
  const first = Object.entries({ listen, admin }).find(([, address]) => isOpen(address))
  if (first === undefined) return
  const message = `\`${first[0]}\` is not on loopback and would be without authentication`
  const remedy = 'set `auth.anonymous` to false, or listen on 127.0.0.1'
  report(['auth', 'anonymous'], message, { remedy })
}

function judgeTokens({ auth }: GatewayConfig, report: ReportPath): void {
  for (const [index, { values }] of auth.tokens.entries()) {
    for (const value of values) {
      const fault = tokenFault(value.reveal())
      if (fault !== undefined) report(['auth', 'tokens', index], fault.message, fault)
    }
  }
}

function judgeLoginKeys({ auth }: GatewayConfig, report: ReportPath): void {
  const keys = auth.login.key ?? []
  for (const [index, key] of keys.entries()) {
    const fault = tokenFault(key.reveal())
    if (fault === undefined) continue
    const path = keys.length === 1 ? [] : [index]
    report(['auth', 'login', 'key', ...path], fault.message.replace('the token', 'the key'), fault)
  }
}

function judgeCertificates({ auth, trustedProxies }: GatewayConfig, report: ReportPath): void {
  if (auth.clientCertificates === undefined || trustedProxies.length > 0) return
  const message = 'client certificates are checked by a proxy, and none is trusted'
  const remedy = 'name the address of the proxy in `trustedProxies`'
  report(['auth', 'clientCertificates'], message, { remedy })
}

function judgeListeners({ listen, admin, publicUrl }: GatewayConfig, report: ReportPath): void {
  if (sameAddress(listen, admin)) {
    const message = '`listen` and `admin` are the same address'
    report(['admin'], message, { remedy: 'give `admin` a port of its own' })
  }
  if (publicUrl?.startsWith('https:') === true) return
  for (const [key, address] of Object.entries({ listen, admin })) {
    if (!isOpen(address)) continue
    const message = `\`${key}\` is not on loopback and there is no https \`publicUrl\`: keys may travel in the clear`
    const remedy = 'put a TLS proxy in front and set `publicUrl` to its https address'
    report([key], message, { severity: 'warning', remedy })
  }
}

/** Whether others than this machine reach it, as far as that is known. */
function isOpen({ host }: ListenAddress): boolean {
  return host !== '' && !isLoopback(host)
}

function sameAddress(a: ListenAddress, b: ListenAddress): boolean {
  if (a.fd !== undefined && a.fd === b.fd) return true
  if (a.port === 0 || a.port !== b.port) return false
  const everywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'
  return a.host === b.host || everywhere(a.host) || everywhere(b.host)
}

function judgeMasterKey(config: GatewayConfig, report: ReportPath, env: Environment): void {
  if (config.masterKey !== undefined) return
  const texts = masterKeyTexts(env)
  const make = 'make one with `openssl rand -hex 32`'
  if (texts.length > 2 || !texts.every(isMasterKey)) {
    const message =
      'SALLYPORT_MASTER_KEY is not 32 bytes as 64 hexadecimal digits or 44 base64 characters, or two such with a comma'
    report(['masterKey'], message, { remedy: make })
  }
  if (texts.length > 0 || config.store === undefined || config.store.startsWith('sqlite:')) return
  const message = 'a PostgreSQL store needs a master key'
  report(['masterKey'], message, {
    remedy: `${make} and set \`masterKey\` or SALLYPORT_MASTER_KEY`,
  })
}
