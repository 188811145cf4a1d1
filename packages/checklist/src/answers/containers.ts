import { dependsOn } from '../probes/containers/depends-on.ts'
import { readOnly, security, unprivileged } from '../probes/containers/hardening.ts'
import { healthchecks } from '../probes/containers/healthchecks.ts'
import { imagesPinned } from '../probes/containers/images.ts'
import { limits, restart } from '../probes/containers/lifecycle.ts'
import { healthy, noRestarts, running } from '../probes/containers/live.ts'
import { logRotation } from '../probes/containers/log-rotation.ts'
import { mounts } from '../probes/containers/mounts.ts'
import { internal, ports } from '../probes/containers/network.ts'
import { nonRoot } from '../probes/containers/non-root.ts'
import { tokenSurvives } from '../probes/containers/token-survives.ts'
import { volumes } from '../probes/containers/volumes.ts'
import type { AnswerTable } from './answer.ts'

/** What a host is looked at from; another root in tests. */
const ROOT = '/'

/** Containers, their host, units of systemd and logs. */
export const CONTAINERS = {
  'compose/restart': restart,
  'compose/images-pinned': imagesPinned,
  'compose/limits': limits,
  'compose/non-root': nonRoot,
  'compose/unprivileged': unprivileged,
  'compose/read-only': readOnly,
  'compose/security': security,
  'compose/healthchecks': healthchecks,
  'compose/depends-on': dependsOn,
  'compose/log-rotation': logRotation(ROOT),
  'compose/volumes': volumes,
  'compose/ports': ports,
  'compose/internal': internal,
  'compose/running': running,
  'compose/healthy': healthy,
  'compose/no-restarts': noRestarts,
  'compose/token-survives': tokenSurvives,
  'compose/mounts': mounts,
} as const satisfies AnswerTable
