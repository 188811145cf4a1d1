import type { Part } from '@sallyport/contract/checklist'
import type { Deployment } from '../deployment.ts'
import type { AnswerTable, Awaiting } from './answer.ts'

const onKubernetes = {
  exempt: ({ profile }: Deployment) =>
    profile === 'kubernetes' ? undefined : 'this deployment does not run on Kubernetes',
}

/** What parts of the product that are to come will answer. Each counts as unproved until then. */
export const LATER = {
  'later/policies': awaits('04b', 'probe', 'Sensitive tools have policies, and those are in force'),
  'later/containers': {
    ...awaits('03b', 'probe', 'Servers in containers are read-only and without network'),
    exempt: ({ config }: Deployment) =>
      config === undefined ? undefined : 'no server of this deployment runs in a container',
  },
  'later/discovery': awaits(
    '03b',
    'probe',
    'Servers that appear are discovered, and wait for approval',
  ),
  'later/operator': {
    ...awaits('later', 'probe', 'The operator and its resources are there'),
    ...onKubernetes,
  },
  'later/operator-rights': {
    ...awaits('later', 'probe', 'Its service account has no right that it does not use'),
    ...onKubernetes,
  },
  'later/network-policies': {
    ...awaits('later', 'probe', 'Network policies keep servers apart'),
    ...onKubernetes,
  },
  'later/pod-resources': {
    ...awaits('later', 'probe', 'Every pod requests and limits resources'),
    ...onKubernetes,
  },
  'later/disruption-budget': {
    ...awaits('later', 'probe', 'A disruption budget keeps the gateway up'),
    ...onKubernetes,
  },
  'later/console': awaits('later', 'probe', 'The files of the console are served'),
  'later/log-collection': awaits('06b', 'probe', 'Logs of every service reach one place'),
  'later/log-search': awaits('06b', 'probe', 'The log lines of one request are found by its id'),
  'later/alert-drill': awaits('06b', 'drill', 'An alert that is raised on purpose arrives'),
  'later/alert-budget': awaits('06b', 'probe', 'No more pages were sent than the budget allows'),
  'later/backup-alert': awaits('06b', 'probe', 'An alert fires when no backup was made'),
  'later/restore-drill': awaits(
    '06b',
    'drill',
    'A backup is restored into an empty place and read',
  ),
  'later/restore-configuration': awaits(
    '06b',
    'drill',
    'A configuration is restored from a backup',
  ),
  'later/restore-everything': awaits(
    '06b',
    'drill',
    'A whole deployment is recovered on an empty host',
  ),
  'later/rollback-drill': awaits('06b', 'drill', 'The version before runs on the data of this one'),
  'later/recovery-procedures': awaits('06b', 'probe', 'The recovery runbook is filled in'),
  'later/deployment-procedures': awaits(
    '06b',
    'probe',
    'The deployment is generated, with its procedure',
  ),
  'later/troubleshooting': awaits('06b', 'enforced', 'Every error code has a page on what to do'),
  'later/diagrams': awaits('06b', 'enforced', 'Diagrams of the deployment are generated with it'),
  'later/runbooks': awaits('06b', 'probe', 'The runbooks are filled in'),
  'later/contacts': awaits('06b', 'probe', 'The contacts are filled in and current'),
  'later/capacity-report': awaits('06b', 'probe', 'The capacity report is no older than a quarter'),
  'later/error-tracking': awaits('06b', 'probe', 'Errors are reported, without secrets'),
  'later/key-escrow': awaits('06b', 'probe', 'The master key is kept apart, for those who recover'),
} as const satisfies AnswerTable

function awaits(part: Part, by: Awaiting['by'], title: string): Awaiting {
  return { kind: 'awaits', part, by, title }
}
