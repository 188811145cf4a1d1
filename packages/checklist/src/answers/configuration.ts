import {
  configEnvironments,
  configUnknownKeys,
  configValid,
} from '../probes/configuration/config.ts'
import {
  envComplete,
  envJsonLogs,
  envLogLevel,
  envNoPlaceholders,
  envUnknown,
} from '../probes/configuration/environment.ts'
import { filesModes, filesNoTranscripts, filesSecretModes } from '../probes/configuration/files.ts'
import { gatewayToken } from '../probes/configuration/gateway-token.ts'
import { gitEnvUntracked, gitHistoryClean, gitSecretsIgnored } from '../probes/configuration/git.ts'
import {
  instancesBackendAuth,
  instancesListed,
  instancesOwnFolder,
  instancesUniquePort,
  instancesUniquePrefix,
  instancesUniqueSchema,
  instancesUniqueToken,
} from '../probes/configuration/instances.ts'
import { secretsAreReferences } from '../probes/configuration/secret-references.ts'
import {
  secretsFiles,
  secretsNoDefaults,
  secretsNotShared,
  secretsStrong,
  secretsUnique,
} from '../probes/configuration/secrets.ts'
import { supplyLockfile } from '../probes/configuration/supply-lockfile.ts'
import { supplyScan } from '../probes/configuration/supply-scan.ts'
import { supplyDependencies, supplyPreviousImage } from '../probes/configuration/supply-updates.ts'
import type { AnswerTable } from './answer.ts'

/** Configuration, environment files, git, files, secrets, instances and what is supplied. */
export const CONFIGURATION = {
  'config/valid': configValid,
  'config/unknown-keys': configUnknownKeys,
  'config/environments': configEnvironments,
  'config/secrets-are-references': secretsAreReferences,
  'env/complete': envComplete,
  'env/no-placeholders': envNoPlaceholders,
  'env/unknown': envUnknown,
  'env/log-level': envLogLevel,
  'env/json-logs': envJsonLogs,
  'secrets/strong': secretsStrong,
  'secrets/no-defaults': secretsNoDefaults,
  'secrets/unique': secretsUnique,
  'secrets/not-shared': secretsNotShared,
  'secrets/files': secretsFiles,
  'secrets/gateway-token': gatewayToken,
  'files/secret-modes': filesSecretModes,
  'files/modes': filesModes,
  'files/no-transcripts': filesNoTranscripts,
  'git/env-untracked': gitEnvUntracked,
  'git/history-clean': gitHistoryClean,
  'git/secrets-ignored': gitSecretsIgnored,
  'instances/listed': instancesListed,
  'instances/unique-token': instancesUniqueToken,
  'instances/unique-schema': instancesUniqueSchema,
  'instances/unique-prefix': instancesUniquePrefix,
  'instances/unique-port': instancesUniquePort,
  'instances/own-folder': instancesOwnFolder,
  'instances/backend-auth': instancesBackendAuth,
  'supply/lockfile': supplyLockfile,
  'supply/scan': supplyScan,
  'supply/dependencies': supplyDependencies,
  'supply/previous-image': supplyPreviousImage,
} as const satisfies AnswerTable
