import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

const SLACK = ['--slack', 'in the store that the Slack server has for itself'] as const

/** `secrets` and `erase`. */
export function declareSecrets(program: Command, context: Context, finish: Finish): void {
  program
    .command('secrets')
    .summary('rotate the keys that data are sealed with')
    .description('The keys of the store: the master key and the keys that data are sealed with.')
    .command('rotate')
    .description(
      'Seals everything that is kept with a new key while calls go on, and replaces the master ' +
        'key where it is in the key file of the store. Says what to do where it is configured. ' +
        'Also works while no gateway runs.',
    )
    .option(...SLACK)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { rotateSecrets } = await import('./verbs/secrets.ts')
      finish(await rotateSecrets(context, options))
    })
  program
    .command('erase')
    .summary('remove what is kept of a person')
    .description(
      'Removes key, user, logins, subject, counts and kept answers of one caller, and ends what it ' +
        'has open. The audit log keeps ids that say nothing any more, and still verifies. Also ' +
        'works while no gateway runs.',
    )
    .requiredOption(
      '--subject <id>',
      'id of a principal, id or name of a key or user, subject of an identity provider, or Slack id of who installed an app',
    )
    .option('--plan', 'say what would go, and change nothing')
    .option(...SLACK)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { eraseSubject } = await import('./verbs/erase.ts')
      finish(await eraseSubject(context, options))
    })
}
