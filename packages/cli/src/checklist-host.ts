import { fileURLToPath } from 'node:url'
import type { GatewayOptions } from '@sallyport/gateway'
import type { FoundSource } from './configuration.ts'
import { standsMs } from './checklist/stands.ts'

const BIN = fileURLToPath(new URL('../bin/sallyport.js', import.meta.url))

/** What a gateway of this configuration asks the checklist through. */
export function checklistHost(source: FoundSource): NonNullable<GatewayOptions['checklist']> {
  const file = source.kind === 'file' ? ['--config', source.file] : []
  return { program: { file: process.execPath, args: [BIN, 'check', '--json', ...file] }, standsMs }
}
