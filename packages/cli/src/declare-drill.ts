import { Argument, Option, type Command } from 'commander'
import { DRILLS } from '@sallyport/checklist/drill-names'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

/** `drill`. */
export function declareDrill(program: Command, context: Context, finish: Finish): void {
  program
    .command('drill')
    .summary('prove that the deployment survives what it is to survive')
    .description(
      'Runs drills on a copy of the deployment: a second gateway of the same servers and groups, ' +
        'with a store, addresses and keys of its own. What runs is not touched, and nothing is left. ' +
        'The last run of each drill is kept for `check`. Exit code 0, 1 when a drill failed, 3 when ' +
        'one could not be run.',
    )
    .addArgument(new Argument('[drill...]', 'which drills; all of them by default').choices(DRILLS))
    .addOption(
      new Option('--list', 'show when each drill was run and is due, and run none').conflicts(
        'live',
      ),
    )
    .option(
      '--live',
      'try the gateway that runs, with keys that are made for it and revoked: auth, flood and keys',
    )
    .option('--hold <duration>', 'how long `stream` holds its stream; less is not kept', '65s')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (drills, options) => {
      const { drill } = await import('./verbs/drill.ts')
      finish(await drill(context, drills, options))
    })
}
