import * as api from '../probes/edge/api.ts'
import * as answers from '../probes/edge/door-answers.ts'
import * as bodies from '../probes/edge/door-bodies.ts'
import * as credentials from '../probes/edge/door-credentials.ts'
import * as names from '../probes/edge/door-names.ts'
import * as health from '../probes/edge/health.ts'
import * as listeners from '../probes/edge/listeners.ts'
import * as metrics from '../probes/edge/metrics.ts'
import * as ports from '../probes/edge/ports.ts'
import type { AnswerTable } from './answer.ts'

/** What is seen of the gateway from outside: its door, its listeners, TLS and the proxy in front. */
export const EDGE = {
  'door/unauthenticated': credentials.unauthenticated,
  'door/bad-key': credentials.badKey,
  'door/weak-role': credentials.weakRole,
  'door/body-limit': bodies.bodyLimit,
  'door/malformed': bodies.malformed,
  'door/host': names.foreignHost,
  'door/origin': names.foreignOrigin,
  'door/cors': answers.cors,
  'door/headers': answers.headers,
  'door/errors': answers.errors,
  'door/loopback': listeners.loopback,
  'door/vpn': listeners.vpn,
  'health/endpoints': health.endpoints,
  'health/closed-detail': health.closedDetail,
  'api/login': api.login,
  'api/servers': api.servers,
  'api/documented': api.documented,
  'metrics/served': metrics.served,
  'metrics/protected': metrics.isProtected,
  'ports/answer': ports.answer,
  'ports/declared': ports.declared,
} as const satisfies AnswerTable
