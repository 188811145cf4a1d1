import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Profile } from '@sallyport/contract/checklist'
import type { ChecklistSettings } from '@sallyport/contract/config'

/** Names by which Compose finds a file by itself. Source: Docker documentation, "Compose file". */
const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

interface ProfileSigns {
  /** Value of `--profile`. */
  readonly flag: Profile | undefined
  readonly settings: Pick<ChecklistSettings, 'profile' | 'compose' | 'folders'>
  /** Where relative paths start. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** How this is run: as it was said, else `compose` where a compose file is, in a pod `kubernetes`, else `local`. */
export function judgeProfile({ flag, settings, folder, environment }: ProfileSigns): Profile {
  const said = flag ?? settings.profile
  if (said !== undefined) return said
  const isCompose = (settings.compose ?? []).length > 0 || hasComposeFile(settings.folders, folder)
  if (isCompose) return 'compose'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'kubernetes' : 'local'
}

function hasComposeFile(folders: readonly string[], base: string): boolean {
  return folders.some((folder) =>
    COMPOSE_NAMES.some((name) => existsSync(join(resolve(base, folder), name))),
  )
}
