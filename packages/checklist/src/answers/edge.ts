import * as api from '../probes/edge/api.ts'
import * as answers from '../probes/edge/door-answers.ts'
import * as bodies from '../probes/edge/door-bodies.ts'
import * as credentials from '../probes/edge/door-credentials.ts'
import * as names from '../probes/edge/door-names.ts'
import * as health from '../probes/edge/health.ts'
import * as listeners from '../probes/edge/listeners.ts'
import * as metrics from '../probes/edge/metrics.ts'
import * as ports from '../probes/edge/ports.ts'
import * as plain from '../probes/edge/plain-http.ts'
import { config as proxyConfig } from '../probes/edge/proxy-config.ts'
import * as proxy from '../probes/edge/proxy-files.ts'
import { inFront } from '../probes/edge/proxy-live.ts'
import * as tls from '../probes/edge/tls.ts'
import type { AnswerTable } from './answer.ts'

/** What is seen of the gateway from outside: its door, its listeners, TLS and the proxy in front. */
export const EDGE = {
  'tls/public': tls.publicTls,
  'tls/expiry': tls.expiry,
  'tls/versions': tls.versions,
  'tls/redirect': plain.redirect,
  'tls/no-plain': plain.noPlain,
  'proxy/in-front': inFront,
  'proxy/config': proxyConfig,
  'proxy/buffering': proxy.buffering,
  'proxy/timeouts': proxy.timeouts,
  'proxy/authorization': proxy.authorization,
  'proxy/host': proxy.host,
  'proxy/extra-auth': proxy.extraAuth,
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
