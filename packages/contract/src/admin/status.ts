import { z } from 'zod'
import { instant } from './list.ts'
import { serverState } from './servers.ts'

/** The running gateway in one object. */
export const gatewayStatus = z
  .strictObject({
    version: z.string(),
    environment: z.string(),
    phase: z.enum(['starting', 'running', 'draining']),
    pid: z.int(),
    startedAt: instant,
    uptimeSeconds: z.number().min(0),
    data: z.string().meta({ description: 'Address of the data listener, host:port.' }),
    admin: z.string().meta({ description: 'Address of the admin listener, host:port.' }),
    store: z.strictObject({ kind: z.enum(['sqlite', 'postgres']), writable: z.boolean() }),
    servers: z.int().min(0).meta({ description: 'How many are configured.' }),
    callsInFlight: z.int().min(0),
  })
  .meta({ id: 'Status' })

/** Health without a credential: nothing but the verdict. */
export const healthBrief = z
  .strictObject({ status: z.enum(['ok', 'unavailable']) })
  .meta({ id: 'HealthBrief' })

/** Health with a key. */
export const healthDetail = healthBrief
  .extend({
    version: z.string(),
    uptimeSeconds: z.number().min(0),
    store: z.strictObject({ writable: z.boolean() }),
    servers: z.array(
      z.strictObject({ name: z.string(), state: serverState, reason: z.string().nullable() }),
    ),
    groups: z.array(
      z.strictObject({
        name: z.string(),
        healthy: z.int().min(0).meta({ description: 'Members that take calls.' }),
        minHealthy: z.int().min(1),
        below: z.enum(['refuse', 'serve']),
        ok: z.boolean().meta({ description: 'Whether enough members are healthy.' }),
      }),
    ),
    draining: z
      .strictObject({ reason: z.string() })
      .nullable()
      .meta({ description: 'Set while an operator keeps new calls away.' }),
  })
  .meta({ id: 'Health' })

export type GatewayStatus = z.output<typeof gatewayStatus>
export type HealthBrief = z.output<typeof healthBrief>
export type HealthDetail = z.output<typeof healthDetail>
