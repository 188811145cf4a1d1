import type { Workspace } from '../tools/slack-context.ts'
import { type DirectoryEntry, type DirectoryRules, TeamDirectory } from './team-directory.ts'

export interface DirectoriesRules extends DirectoryRules {
  /** Workspaces that something is kept of. */
  readonly teamsMax: number
  /** Entries over all workspaces. */
  readonly totalMax: number
}

/**
 * One directory per installation, bounded over all: those that were not used for the longest give place first.
 * A new installation begins with an empty one, so that nothing outlives the consent it was read with.
 */
export class TeamDirectories<Entry extends DirectoryEntry> {
  readonly #rules: DirectoriesRules
  /** The one that was used last is the last. */
  readonly #byTeam = new Map<string, TeamDirectory<Entry>>()

  constructor(rules: DirectoriesRules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#byTeam.size
  }

  of({ installation }: Pick<Workspace, 'installation'>): TeamDirectory<Entry> {
    const key = `${installation.app}/${installation.team}/${installation.installedAtMs}`
    const known = this.#byTeam.get(key)
    const directory = known ?? new TeamDirectory<Entry>(this.#rules)
    if (known !== undefined) this.#byTeam.delete(key)
    this.#byTeam.set(key, directory)
    this.#makeRoom()
    return directory
  }

  /** Forgets all that is known of a workspace. */
  forget(app: string, team: string): void {
    for (const key of this.#byTeam.keys()) {
      if (key.startsWith(`${app}/${team}/`)) this.#byTeam.delete(key)
    }
  }

  #makeRoom(): void {
    let total = 0
    for (const { size } of this.#byTeam.values()) total += size
    for (const [key, { size }] of this.#byTeam) {
      if (this.#byTeam.size <= this.#rules.teamsMax && total <= this.#rules.totalMax) return
      if (this.#byTeam.size === 1) return
      this.#byTeam.delete(key)
      total -= size
    }
  }
}
