import { annotations } from '../probes/servers/annotations.ts'
import { auditKept, auditOn, auditVerified } from '../probes/servers/audit.ts'
import { callsServed, resourceRead, toolCall } from '../probes/servers/calls.ts'
import { groupsCritical, groupsHealthy, minHealthy } from '../probes/servers/groups.ts'
import {
  breakers,
  healthChecks,
  idleTime,
  owners,
  serversHealthy,
} from '../probes/servers/health.ts'
import {
  adminsFew,
  anonymousOff,
  keyAge,
  keyPerPrincipal,
  keysUsed,
  leastPrivilege,
} from '../probes/servers/keys.ts'
import { bodies, deadlines, rates, sessionLife } from '../probes/servers/limits.ts'
import type { AnswerTable } from './answer.ts'

/** The servers behind the gateway, who may call them, and what is recorded of it. */
export const SERVERS = {
  'servers/healthy': serversHealthy,
  'servers/health-checks': healthChecks,
  'servers/breakers': breakers,
  'servers/idle-time': idleTime,
  'servers/annotations': annotations,
  'servers/owners': owners,
  'groups/critical': groupsCritical,
  'groups/min-healthy': minHealthy,
  'groups/healthy': groupsHealthy,
  'limits/rates': rates,
  'limits/bodies': bodies,
  'limits/deadlines': deadlines,
  'sessions/life': sessionLife,
  'auth/anonymous-off': anonymousOff,
  'keys/per-principal': keyPerPrincipal,
  'keys/least-privilege': leastPrivilege,
  'keys/admins': adminsFew,
  'keys/age': keyAge,
  'keys/used': keysUsed,
  'audit/on': auditOn,
  'audit/kept': auditKept,
  'audit/verified': auditVerified,
  'calls/tool': toolCall,
  'calls/resource': resourceRead,
  'calls/served': callsServed,
} as const satisfies AnswerTable
