import { AppError } from '../errors.ts'
import { parseKey } from './api-key.ts'
import { DUPLICATE, type DoorHeaders } from './header-scan.ts'

/**
 * The credential of a request, or undefined when it brings none. Exactly one `Authorization: Bearer <text>`,
 * the scheme in any case, then one space; or `X-API-Key` with one of our keys; or both, if they agree.
 * Never from the address.
 *
 * Source: RFC 6750 §2.1; RFC 9110 §11.4.
 *
 * @throws {AppError} `credential_invalid`
 */
export function readCredential(headers: DoorHeaders): string | undefined {
  const { authorization, apiKey } = headers
  if (authorization === undefined && apiKey === undefined) return undefined
  const bearer = authorization === undefined ? undefined : parseBearer(authorization)
  if (apiKey === undefined) return bearer
  if (apiKey === DUPLICATE) throw invalid('more than one X-API-Key header')
  if (parseKey(apiKey) === undefined) throw invalid('X-API-Key holds no key of this gateway')
  if (bearer !== undefined && bearer !== apiKey) {
    throw invalid('Authorization and X-API-Key do not agree')
  }
  return apiKey
}

function parseBearer(header: string): string {
  if (header === DUPLICATE) throw invalid('more than one Authorization header')
  const text = BEARER.exec(header)?.[1]
  if (text === undefined) throw invalid('Authorization must be "Bearer", one space and the key')
  return text
}

const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i

function invalid(message: string): AppError {
  return new AppError('credential_invalid', message)
}
