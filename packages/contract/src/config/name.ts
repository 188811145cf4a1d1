import { z } from 'zod'

const RESERVED: readonly string[] = ['sallyport', 'operator']
const FORM = /^[a-z0-9][a-z0-9-]{0,31}$/
const FORM_WORDS = 'a name is 1 to 32 of a-z, 0-9 and -, and starts with a letter or digit'

/** Why a text cannot name a server or an endpoint; `undefined` = it can. */
export function judgeName(text: string): string | undefined {
  if (RESERVED.includes(text)) return `the name \`${text}\` is reserved`
  return FORM.test(text) ? undefined : FORM_WORDS
}

/** The name of a server: it becomes the first part of its tools' names. */
export const serverName = name('Name of the server: a-z, 0-9 and -, at most 32 characters.')

/** The name of an endpoint: it becomes the last part of its address. */
export const endpointName = name('Name of the endpoint: a-z, 0-9 and -, at most 32 characters.')

function name(description: string): z.ZodString {
  return z
    .string()
    .regex(FORM, FORM_WORDS)
    .superRefine((text, context) => {
      if (RESERVED.includes(text)) {
        context.addIssue({ code: 'custom', message: `the name \`${text}\` is reserved` })
      }
    })
    .meta({ description })
}
