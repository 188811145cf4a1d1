import { z } from 'zod'
import { flag } from './units.ts'

/** What `/metrics` shows and to whom. */
export const metrics = z
  .strictObject({
    protect: flag(false, 'Whether `/metrics` needs a key on loopback too.'),
    perTool: flag(false, 'Adds the label `tool`, at most 500 series, then `other`.'),
    perTenant: flag(
      false,
      'Adds the counter `sallyport_tenant_calls_total` by tenant, at most 100 of them, then `other`.',
    ),
  })
  .prefault({})
  .meta({ description: 'What `/metrics` shows and to whom.' })

/** What is logged besides events. Format and level come from MCP_JSON_LOGS and MCP_LOG_LEVEL. */
export const log = z
  .strictObject({
    access: flag(false, 'One line per request, without query strings.'),
  })
  .prefault({})
  .meta({ description: 'What is logged besides events.' })
