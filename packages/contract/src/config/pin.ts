import { z } from 'zod'
import { callQuotas, type CallQuotas } from './quota.ts'
import { refuse } from './text.ts'
import { size } from './units.ts'

/** What an operator asserts about one tool; it outweighs what the server says. */
export interface ToolPin {
  readonly readOnly?: boolean | undefined
  readonly destructive?: boolean | undefined
  readonly idempotent?: boolean | undefined
  readonly openWorld?: boolean | undefined
  /** Bounds on its calls. */
  readonly limits?: CallQuotas | undefined
  /** Larger results are kept and paged, bytes; `limits.results.perCall` where undefined. */
  readonly resultBytes?: number | undefined
}

/** One tool's entry under `tools`. */
export const pin = z
  .strictObject({
    readOnly: z.boolean().optional().meta({ description: 'It changes nothing.' }),
    destructive: z.boolean().optional().meta({ description: 'It may delete or overwrite.' }),
    idempotent: z.boolean().optional().meta({ description: 'Twice is the same as once.' }),
    openWorld: z.boolean().optional().meta({ description: 'It reaches beyond its own system.' }),
    limits: callQuotas.optional().meta({ description: 'Bounds on calls to it.' }),
    resultBytes: size({
      min: '1KiB',
      max: '1GiB',
      description:
        'A larger result is kept and read in parts with `sallyport__read_more`; `limits.results.perCall` by default.',
    }).optional(),
  })
  .superRefine(({ readOnly, destructive }, context) => {
    if (readOnly !== true || destructive !== true) return
    refuse(context, 'a tool cannot be read-only and destructive', 'remove one', ['destructive'])
  })
  .meta({ description: 'What you assert about this tool; it outweighs what the server says.' })
