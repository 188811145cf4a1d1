import { isIP } from 'node:net'
import {
  type GatewayConfig,
  isPem,
  type ServerConfig,
  type ServerRestrictions,
} from '@sallyport/contract/config'
import { AddressRanges } from '@sallyport/kit/door'
import type { ErrorCode } from '@sallyport/kit/errors'
import { isLocalhostName, isPublicAddress } from '@sallyport/kit/http'
import { judgeCommand } from './allowed-command.ts'
import { type ProgramPlaces, resolveProgram } from './resolve-command.ts'

/** Why a server that was added over the admin API may not be. */
export interface ServerFault {
  readonly code: ErrorCode
  /** Key below the server. */
  readonly key: string
  readonly message: string
  readonly remedy: string
}

/**
 * Gives the servers of these names the restrictions they are under, and their programs as absolute paths, so
 * that what is judged is what is started.
 */
export function restrictServers(
  { api, servers }: Pick<GatewayConfig, 'api' | 'servers'>,
  names: ReadonlySet<string>,
  places: ProgramPlaces,
): Record<string, ServerConfig> {
  const resolved = (command: string): string => resolveProgram(command, places) ?? command
  const commands = api.commands.map((one) => ({ ...one, command: resolved(one.command) }))
  const restricted = Object.values(servers).map((server): [string, ServerConfig] => {
    if (!names.has(server.name)) return [server.name, server]
    if (server.kind === 'http') {
      const restrictions = { commands: [], addresses: api.addresses }
      return [server.name, { ...server, restrictions }]
    }
    const command = resolved(server.command)
    // Only what concerns it: a rule for another program changes nothing about this one.
    const own = commands.filter((one) => one.command === command)
    return [server.name, { ...server, command, restrictions: { commands: own, addresses: [] } }]
  })
  return Object.fromEntries(restricted)
}

/**
 * What holds of servers that were added over the admin API beyond what holds of all: their programs are on a
 * list, their addresses public, and they name no file of this machine. Of a name the address is only known, and
 * judged again, when a connection is opened.
 */
export function judgeRestricted(
  server: ServerConfig,
  { commands, addresses }: ServerRestrictions,
): ServerFault | undefined {
  if (server.roots !== 'none') {
    const message = '`roots` tells a server which folders it may use'
    return { code: 'request_invalid', key: 'roots', message, remedy: FILE_ONLY }
  }
  if (server.kind === 'stdio') {
    const { command, args, env, cwd } = server
    if (cwd !== '.') {
      const message = 'a folder of this machine cannot be named here'
      return { code: 'request_invalid', key: 'cwd', message, remedy: FILE_ONLY }
    }
    const message = judgeCommand({ command, args, env: Object.keys(env) }, commands)
    const remedy = 'have the operator add it to `api.commands`, or define the server in the file'
    return message === undefined
      ? undefined
      : { code: 'command_not_allowed', key: 'command', message, remedy }
  }
  const { proxy, tls, url } = server
  if (proxy !== undefined && proxy !== 'none') {
    const message = 'a proxy would choose the address in our place'
    return { code: 'request_invalid', key: 'proxy', message, remedy: FILE_ONLY }
  }
  const pems = [tls?.ca, tls?.cert, tls?.key?.reveal()]
  if (pems.some((pem) => pem !== undefined && !isPem(pem))) {
    const message = 'this is no PEM text, and a file of this machine cannot be named here'
    return { code: 'request_invalid', key: 'tls', message, remedy: 'give the PEM text itself' }
  }
  if (mayBeReached(new URL(url).hostname, addresses)) return undefined
  return { code: 'url_not_allowed', key: 'url', ...ADDRESS_FAULT }
}

const FILE_ONLY = 'leave it out, or define the server in the file'

/** Told in the same words whatever the address is, so that nothing is learnt from them. */
export const ADDRESS_FAULT = {
  message: 'the address is not one of the public internet, nor in `api.addresses`',
  remedy: 'use a public address, or have the operator add it to `api.addresses`',
} as const

/** Whether a host of a URL may be connected to, as far as it tells. Names other than localhost may. */
function mayBeReached(hostname: string, addresses: readonly string[]): boolean {
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const isAllowed = createAddressJudge(addresses)
  if (isLocalhostName(host)) return isAllowed('127.0.0.1') || isAllowed('::1')
  return isIP(host) === 0 || isAllowed(host)
}

/** Judges IP addresses: whether one is public or in one of these networks. One with a zone never is. */
export function createAddressJudge(addresses: readonly string[]): (address: string) => boolean {
  const ranges = new AddressRanges('api.addresses', addresses)
  return (address) =>
    isPublicAddress(address) || (!address.includes('%') && ranges.includes(address))
}
