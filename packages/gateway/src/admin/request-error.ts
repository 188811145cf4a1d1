import { checkInput } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { z } from 'zod'

const SENTENCE_CHARACTERS_MAX = 500

/**
 * Parses what a caller sent.
 *
 * @param what for the message: `the body`, `the query`
 * @throws {AppError} `request_invalid`, naming everything that is wrong at once
 */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: string,
): z.output<Schema> {
  const result = checkInput(schema, input)
  if (result.ok) return result.data
  const wrong = result.faults.map(({ key, sentence }) => `${key === '' ? what : key} ${sentence}`)
  const sentence = printable(`${what} is not valid: ${wrong.join('; ')}`, SENTENCE_CHARACTERS_MAX)
  throw new AppError('request_invalid', sentence)
}

/**
 * Gives what Fastify throws a code of ours; anything unknown is a defect.
 *
 * @param bodyBytesMax of the route
 */
export function toAppError(thrown: unknown, bodyBytesMax: number): AppError {
  switch (codeOf(thrown)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError(
        'request_too_large',
        `the body is larger than ${Math.round(bodyBytesMax / 1_024)} KiB`,
        { cause: thrown },
      )
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('media_type', 'the body must be application/json', { cause: thrown })
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new AppError('request_invalid', 'the body is not valid JSON', { cause: thrown })
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new AppError('request_invalid', 'the address is not valid', { cause: thrown })
    case 'FST_ERR_REOPENED_CLOSE_SERVER':
      return new AppError('shutting_down', 'the gateway is stopping', { cause: thrown })
    default:
      return AppError.from(thrown)
  }
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}
