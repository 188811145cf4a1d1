import { z } from 'zod'
import { judgeName } from './name.ts'
import { addressRanges, sightShape } from './sight.ts'
import { refuse } from './text.ts'
import { roleNames, tenantName } from './tokens.ts'

const SUBJECTS_MAX = 1_000
const HEADER = /^[A-Za-z][A-Za-z0-9-]{1,63}$/
/** Headers that mean something else to the gateway. */
const TAKEN =
  /^(?:authorization|cookie|host|origin|forwarded|via|x-api-key|x-forwarded-.*|mcp-.*)$/i

const headerName = z
  .string()
  .superRefine((text, context) => {
    if (HEADER.test(text) && !TAKEN.test(text)) return
    refuse(
      context,
      'expected the name of a header of its own',
      'write it like `X-Client-Subject`, and have the proxy set it on every request',
    )
  })
  .transform((text) => text.toLowerCase())

const { servers, tools, readOnly } = sightShape

const subject = z
  .strictObject({
    name: z
      .string()
      .superRefine((text, context) => {
        const fault = judgeName(text)
        if (fault !== undefined) refuse(context, fault, 'rename it')
      })
      .meta({ description: 'Who it is: shown in logs and in the audit log.' }),
    subject: z
      .string()
      .min(1)
      .max(1_024)
      .meta({ description: 'The subject, letter by letter as the proxy writes it.' }),
    roles: roleNames.min(1).default(['caller']),
    tenant: tenantName.optional(),
    servers,
    tools,
    readOnly,
    allowFrom: addressRanges
      .optional()
      .meta({ description: 'Addresses and networks it may come from; absent: any.' }),
  })
  .transform(({ name, subject: text, roles, tenant, allowFrom, ...rule }) => ({
    ...{ name, subject: text, roles, tenant: tenant ?? null, rule, allowFrom },
  }))

/** Callers whom a proxy in front has checked by their certificate. */
export const clientCertificates = z
  .strictObject({
    header: headerName.meta({
      description: 'The header in which the proxy names the subject; empty: no certificate.',
    }),
    verifiedHeader: headerName.optional().meta({
      description: 'A header that must say `SUCCESS`, as nginx’ `$ssl_client_verify` does.',
    }),
    subjects: z
      .array(subject)
      .min(1)
      .max(SUBJECTS_MAX)
      .superRefine((all, context) => {
        for (const key of ['name', 'subject'] as const) {
          const seen = new Set<string>()
          for (const [index, one] of all.entries()) {
            if (seen.has(one[key])) {
              refuse(context, `this ${key} appears twice`, 'leave one of them', [index, key])
            }
            seen.add(one[key])
          }
        }
      })
      .meta({ description: 'Who comes in with a certificate, and what it may do.' }),
  })
  .optional()
  .meta({
    description:
      'Callers known by a client certificate that a proxy of `trustedProxies` checked. From any other address the header is refused.',
  })
