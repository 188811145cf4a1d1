/** What the checklist asks a Discord instance; the Discord server implements it. */
export interface DiscordView {
  /** Names of the instances, as `INSTANCES` has them. */
  instances(signal: AbortSignal): Promise<readonly DiscordInstance[]>
}

/** One Discord identity, without its secrets. */
export interface DiscordInstance {
  readonly name: string
  /** Hash of the token, so that equal ones show; never the token. */
  readonly tokenHash: string
  readonly schema: string
  readonly prefix: string
  readonly port: number
  /** Where its configuration is. */
  readonly folder: string
  readonly gatewayConnected: boolean
  /** Privileged intents that are granted. */
  readonly intents: readonly string[]
  /** Guilds that are configured, and whether the bot is in them. */
  readonly guilds: readonly { readonly id: string; readonly joined: boolean }[]
  /** Permissions of the bot's role in each guild, by Discord's names. */
  readonly permissions: readonly string[]
  /** Whether its role stands above every role that it manages. */
  readonly aboveManagedRoles: boolean
  readonly personality: 'shipped' | 'own'
}
