import { z } from 'zod'

/** The header by which a gateway says who calls. Lower case, as it is sent. */
export const CALLER_HEADER = 'sallyport-caller'

/** The `typ` of such a token, so that no other token of the same key passes for one. Source: RFC 8725 §3.11. */
export const CALLER_TYPE = 'sallyport-caller+jwt'

/** How long one is good for, seconds. */
export const CALLER_SECONDS = 60

/** Who calls, as a gateway vouches for it. */
export interface AssertedCaller {
  /** Principal id at the gateway. */
  readonly principal: string
  /** For people. */
  readonly name: string
  readonly tenant: string | null
  readonly roles: readonly string[]
  /** Of the request at the gateway. */
  readonly requestId: string
}

const text = z.string().min(1).max(1_000)

/** The payload of such a token. Source: RFC 7519 §4.1. */
export const callerClaims = z.object({
  iss: z.literal('sallyport'),
  aud: text,
  sub: text,
  name: z.string().max(1_000),
  tenant: text.nullable(),
  roles: z.array(text).max(100),
  /** Request id. */
  rid: text,
  /** Another one in every request. */
  jti: text,
  iat: z.int(),
  exp: z.int(),
})

export type CallerClaims = z.output<typeof callerClaims>
