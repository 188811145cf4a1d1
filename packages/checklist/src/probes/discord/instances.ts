import type { DiscordInstance } from '@sallyport/contract/checklist'
import { judged, notApplicable, type Probe, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'

/** What the product needs to be an administrator for: nothing. */
const TOO_MUCH = ['Administrator']
/** Without them the bot reads no commands and sees nobody join. Source: Discord, gateway intents. */
const INTENTS = ['GuildMembers', 'MessageContent']

/** Judges one instance; each text is a fault. */
type Judge = (instance: DiscordInstance) => readonly string[]

/** May do what it must and no more. */
export const permissions = eachInstance(
  'No bot is an administrator',
  "take Administrator from the bot's role, and give it what its features need",
  ({ permissions: held }) =>
    held.filter((one) => TOO_MUCH.includes(one)).map((one) => `has the permission ${one}`),
)

/** Its role stands above those it gives. */
export const roleOrder = eachInstance(
  'Every bot stands above the roles that it gives and takes',
  "drag the bot's role above the roles it manages, in the settings of the guild",
  ({ aboveManagedRoles }) => (aboveManagedRoles ? [] : ['stands below a role that it manages']),
)

/** Privileged intents are granted. */
export const intents = eachInstance(
  'Every bot has the privileged intents Server Members and Message Content',
  'grant them in the developer portal of Discord, under Bot',
  ({ intents: granted }) =>
    INTENTS.filter((intent) => !granted.includes(intent)).map(
      (intent) => `lacks the intent ${intent}`,
    ),
)

/** It is in every guild that is configured. */
export const guilds = eachInstance(
  'Every bot is in every guild that it is configured for',
  'invite the bot to that guild, or take the guild out of its configuration',
  ({ guilds: configured }) =>
    configured.filter(({ joined }) => !joined).map(({ id }) => `is not in the guild ${id}`),
)

/** It is connected. */
export const connected = eachInstance(
  'Every bot is connected to Discord',
  'ask its log why it is not; a token that two processes use connects neither',
  ({ gatewayConnected }) => (gatewayConnected ? [] : ['is not connected']),
)

/** It speaks as its owner wants. */
export const personality = eachInstance(
  'No bot has the personality that is shipped',
  'write how it should speak into personality.txt of its folder',
  (instance) => (instance.personality === 'own' ? [] : ['has the shipped personality']),
)

/** No two share a token. */
export const uniqueToken = unlike(
  'token',
  'tokenHash',
  'make an application of its own for each bot',
)
/** No two share a schema. */
export const uniqueSchema = unlike(
  'schema',
  'schema',
  'set DB_SCHEMA of each to the name of its folder',
)
/** No two share a prefix. */
export const uniquePrefix = unlike('prefix', 'prefix', 'set `command_prefix` of each to another')

function eachInstance(title: string, remedy: string, judge: Judge): Probe {
  return probe(title, remedy, (instances) =>
    instances.flatMap((instance) =>
      judge(instance).map((fault) => seen(`${instance.name} ${fault}`)),
    ),
  )
}

function unlike(what: string, key: 'tokenHash' | 'schema' | 'prefix', remedy: string): Probe {
  return probe(`No two bots share a ${what}`, remedy, (instances) =>
    [...Map.groupBy(instances, (instance) => instance[key]).values()]
      .filter((same) => same.length > 1)
      .map((same) => seen(`${same.map(({ name }) => name).join(' and ')} share a ${what}`)),
  )
}

function probe(
  title: string,
  remedy: string,
  judge: (instances: readonly DiscordInstance[]) => readonly Seen[],
): Probe {
  return {
    kind: 'probe',
    title,
    remedy,
    exempt: withoutDiscord,
    look: async ({ discord }, signal) => {
      if (discord === undefined)
        return unproved('gateway', 'these instances cannot be asked by this version')
      const instances = await discord.instances(signal)
      if (instances.length === 0) return notApplicable('no Discord instance is configured')
      return judged(judge(instances), [
        seen(`looked at ${instances.map(({ name }) => name).join(', ')}`),
      ])
    },
  }
}

/** Why Discord does not concern a deployment; undefined where it does. */
export function withoutDiscord({ discord, variables }: Deployment): string | undefined {
  const given = ['INSTANCES', 'DISCORD_TOKEN'].some((name) => Boolean(variables[name]))
  return discord === undefined && !given
    ? 'no Discord instance is part of this deployment'
    : undefined
}

function seen(text: string): Seen {
  return { kind: 'gateway', text }
}
