import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/sallyport.js', import.meta.url))

/** How `sallyport slack` is run as a child of this process, from a checkout and from the packed command alike. */
export const SLACK_PROGRAM = {
  file: process.execPath,
  args: [BIN, 'slack', '--json', '--child'],
} as const
