import { z } from 'zod'
import { clientCertificates } from './client-certificates.ts'
import { issuers } from './issuers.ts'
import { login } from './login.ts'
import { tokens } from './tokens.ts'
import { flag } from './units.ts'

/** Who may call. API keys are not here: they live in the store. */
export const auth = z
  .strictObject({
    anonymous: flag(
      false,
      'Lets callers in without a credential. Only on loopback; forwarded requests are refused then.',
    ),
    requireTenant: flag(
      false,
      'Refuses MCP to callers of no tenant, but for the local administrator.',
    ),
    tokens,
    clientCertificates,
    issuers,
    login,
  })
  .prefault({})
  .meta({ description: 'Who may call.' })
