import { ERRORS, type ErrorCode } from '@sallyport/kit/errors'
import { z } from 'zod'
import { configProblem } from './configuration.ts'

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]] // keys of a constant table

/** The one shape of every refusal and failure of the admin API. */
export const adminError = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(codes).meta({ description: 'Stable; see docs/errors.md.' }),
      message: z.string().meta({ description: 'One sentence for a person.' }),
      requestId: z.string().meta({ description: 'Leads to the line in the log.' }),
      retryable: z
        .boolean()
        .meta({ description: 'Whether the same request may succeed later, unchanged.' }),
      retryAfterMs: z
        .int()
        .min(0)
        .optional()
        .meta({ description: 'When trying again makes sense, in milliseconds.' }),
      problems: z
        .array(configProblem)
        .optional()
        .meta({ description: 'All that is wrong with a configuration that was refused.' }),
    }),
  })
  .meta({ id: 'AdminError', description: 'Why a request was not done.' })

export type AdminError = z.output<typeof adminError>
