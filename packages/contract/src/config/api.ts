import { z } from 'zod'
import { parseCidr } from './address.ts'
import { parsedText } from './text.ts'
import { count } from './units.ts'

/** One program that a server added over the admin API may be. */
export interface AllowedCommand {
  /** Absolute once loaded; as written where it was found nowhere, and then it allows nothing. */
  readonly command: string
  /** A glob for each argument, in order. */
  readonly args: readonly string[]
  /** Globs over names of variables. */
  readonly env: readonly string[]
}

/** What holds of a server that was added over the admin API, beside the rules for all servers. */
export interface ServerRestrictions {
  readonly commands: readonly AllowedCommand[]
  /** Networks beside the public internet where it may be. */
  readonly addresses: readonly string[]
}

const COMMANDS_MAX = 1_000

const text = z
  .string()
  .max(4_096)
  .regex(/^[^\0]*$/, 'the text holds a NUL character')

const allowedCommand = z
  .strictObject({
    command: text.min(1).meta({
      description:
        'The program: a name on PATH, or a path relative to this file. What is added must name the same file.',
    }),
    args: z.array(text).max(1_000).default([]).meta({
      description:
        'A glob for each argument, in order: as many as the server has. `*` is any run without `/`, `**` any run, `?` one character. What begins with `-` fits only a glob that does, and `..` in a path only itself.',
    }),
    env: z
      .array(text.min(1).regex(/^[A-Za-z0-9_*?.()-]+$/, 'this is no name for a variable'))
      .max(100)
      .default([])
      .meta({
        description:
          'Globs over the names of variables it may be given. Those that decide what runs (PATH, LD_PRELOAD, NODE_OPTIONS, ...) must be named in full.',
      }),
  })
  .meta({ description: 'A program that servers added over the admin API may be.' })

/** What may be added over the admin API while the gateway runs. */
export const api = z
  .strictObject({
    commands: z.array(allowedCommand).max(COMMANDS_MAX).default([]).meta({
      description: 'Programs that servers added over the admin API may start; none by default.',
    }),
    addresses: z
      .array(
        parsedText({
          parse: parseCidr,
          expected: 'an IP address or a network',
          remedy: 'write it like `10.0.0.0/8` or `127.0.0.1`',
        }),
      )
      .max(1_000)
      .default([])
      .meta({
        description:
          'Networks where servers added over the admin API may be; by default only the public internet. Servers of this file may be anywhere.',
      }),
    entries: count({
      min: 0,
      max: 5_000,
      fallback: 1_000,
      unit: 'entries',
      description: 'Servers, groups and endpoints that may be added over the admin API, together.',
    }),
  })
  .prefault({})
  .meta({
    description: 'What may be added over the admin API while the gateway runs.',
  })

export type ApiConfig = z.output<typeof api>
