import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

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
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { rotateSecrets } = await import('./verbs/secrets.ts')
      finish(await rotateSecrets(context, options))
    })
}
