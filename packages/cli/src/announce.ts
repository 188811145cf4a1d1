import { rm, writeFile } from 'node:fs/promises'
import type { Gateway } from '@sallyport/gateway'
import { stateBase } from '@sallyport/gateway/state'
import { AppError } from '@sallyport/kit/errors'
import type { Configuration } from './configuration.ts'
import type { Context } from './context.ts'
import { clientSnippets } from './snippets.ts'
import { COMMAND, VERSION } from './version.ts'

const KEY_PLACEHOLDER = 'YOUR_KEY'

type Running = Pick<Gateway, 'dataAddress' | 'adminAddress' | 'firstKey'>

/**
 * Says that the gateway is ready: for programs one line of JSON, for people what runs, where, and what to
 * paste. A first key is shown only to a person at a terminal; otherwise it goes to a file of mode 600.
 */
export async function announce(
  context: Context,
  gateway: Running,
  { configuration, json }: { readonly configuration: Configuration; readonly json: boolean },
): Promise<void> {
  const isShown = context.terminal.isInteractive && !json
  const keyFile = isShown ? undefined : await keepFirstKey(gateway, configuration)
  if (json) {
    const { dataAddress, adminAddress } = gateway
    const urls = { data: `http://${dataAddress}`, admin: `http://${adminAddress}` }
    const first = keyFile === undefined ? {} : { firstKeyFile: keyFile }
    context.terminal.print(JSON.stringify({ ...urls, pid: process.pid, ...first }))
    return
  }
  const words = { keyText: keyText(gateway, configuration, keyFile), isShown }
  context.terminal.print(welcome(gateway, configuration, words))
}

async function keepFirstKey(
  { firstKey }: Running,
  { config, stateFolder }: Configuration,
): Promise<string | undefined> {
  if (firstKey === undefined) return undefined
  const file = `${stateBase(config, stateFolder)}.first-key`
  try {
    // A file of an earlier store could have another mode or owner.
    await rm(file, { force: true })
    await writeFile(file, `${firstKey.key}\n`, { mode: 0o600, flag: 'wx' })
    return file
  } catch (cause) {
    throw new AppError('store_unwritable', `the first key cannot be written to ${file}`, { cause })
  }
}

function keyText(
  { firstKey }: Running,
  configuration: Configuration,
  keyFile: string | undefined,
): string {
  const another = `${COMMAND} keys create NAME --config ${configuration.file}   (give each client its own)`
  if (firstKey === undefined) return `Another key:  ${another}`
  const where = keyFile === undefined ? `${firstKey.key}   (shown only this once)` : `in ${keyFile}`
  return `API key:      ${where}\nAnother key:  ${another}`
}

function welcome(
  gateway: Running,
  { config, file }: Configuration,
  { keyText: keys, isShown }: { readonly keyText: string; readonly isShown: boolean },
): string {
  const url = `${config.publicUrl?.replace(/\/$/, '') ?? `http://${reachable(gateway.dataAddress)}`}/mcp`
  const key = (isShown ? gateway.firstKey?.key : undefined) ?? KEY_PLACEHOLDER
  const servers = Object.keys(config.servers).join(', ') || 'none yet: add them to the file'
  const snippets = clientSnippets(url, key).map(
    ({ client, place, text }) => `${client} (${place}):\n${indent(text)}`,
  )
  const facts = [
    `MCP address:  ${url}`,
    `Admin API:    http://${gateway.adminAddress}`,
    `Servers:      ${servers}`,
    keys,
  ]
  return [
    `Sallyport ${VERSION} runs on ${file}\n`,
    `${facts.join('\n')}\n`,
    `${snippets.join('\n\n')}\n`,
    'Ctrl-C stops it after running calls have finished.',
  ].join('\n')
}

/** An address that clients on this machine can use: a listener on every interface is no destination. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
