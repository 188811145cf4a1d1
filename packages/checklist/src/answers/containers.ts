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
import { boot } from '../probes/host/boot.ts'
import { type DiskReader, disk, memory } from '../probes/host/capacity.ts'
import { compose, docker } from '../probes/host/docker.ts'
import { firewall } from '../probes/host/firewall.ts'
import { listening } from '../probes/host/listening.ts'
import { type Fetch, registry } from '../probes/host/registry.ts'
import { unit } from '../probes/host/unit.ts'
import {
  cleanStart,
  json,
  noAuthErrors,
  noRestartLoops,
  noSecrets,
  present,
} from '../probes/logs/log-probes.ts'
import { imageSecrets } from '../probes/containers/image-secrets.ts'
import { secretsNotEnv } from '../probes/containers/secrets-not-env.ts'
import type { AnswerTable } from './answer.ts'

/** What a host is looked at through; another one in tests. */
export interface HostView {
  /** `/` */
  readonly root: string
  readonly readDisk?: DiskReader
  readonly fetchIt?: Fetch
}

/** Answers about containers, their host, units of systemd and logs. */
export function containerAnswers({ root, readDisk, fetchIt }: HostView) {
  return {
    'compose/restart': restart,
    'compose/images-pinned': imagesPinned,
    'compose/limits': limits,
    'compose/non-root': nonRoot,
    'compose/unprivileged': unprivileged,
    'compose/read-only': readOnly,
    'compose/security': security,
    'compose/healthchecks': healthchecks,
    'compose/depends-on': dependsOn,
    'compose/log-rotation': logRotation(root),
    'compose/volumes': volumes,
    'compose/ports': ports,
    'compose/internal': internal,
    'compose/running': running,
    'compose/healthy': healthy,
    'compose/no-restarts': noRestarts,
    'compose/token-survives': tokenSurvives,
    'compose/mounts': mounts,
    'host/docker': docker,
    'host/compose': compose,
    'host/memory': memory(root),
    'host/disk': disk(readDisk),
    'host/registry': registry(fetchIt),
    'host/firewall': firewall(root),
    'host/boot': boot(root),
    'host/listening': listening(root),
    'systemd/unit': unit(root),
    'compose/secrets-not-env': secretsNotEnv,
    'images/no-secrets': imageSecrets,
    'logs/present': present,
    'logs/clean-start': cleanStart,
    'logs/no-auth-errors': noAuthErrors,
    'logs/no-restart-loops': noRestartLoops,
    'logs/no-secrets': noSecrets,
    'logs/json': json,
  } as const satisfies AnswerTable
}

/** Containers, their host, units of systemd and logs. */
export const CONTAINERS = containerAnswers({ root: '/' })
