import { Option, type Command } from 'commander'
import { PHASES, PROFILES } from '@sallyport/contract/checklist'
import type { Context } from './context.ts'
import { CONFIG, type Finish } from './declare.ts'
import { declareAttest, declareCheckBook } from './declare-checklist-book.ts'

/** What is no look at the whole. */
const ALONE = ['explain', 'acceptBaseline']

/** `check` and what is below it. */
export function declareChecklist(program: Command, context: Context, finish: Finish): void {
  declareCheckBook(declareCheck(program, context, finish), context, finish)
  declareAttest(program, context, finish)
}

function declareCheck(program: Command, context: Context, finish: Finish): Command {
  return (
    program
      .command('check')
      // What stands after the name of a verb below it is an option of that verb.
      .enablePositionalOptions()
      .summary('prove the production checklist on this deployment')
      .description(
        'Looks at the deployment of the configuration and says of each item whether it is proved, ' +
          'attested, not applicable, failed or unproved, with the evidence and the remedy. Changes ' +
          'nothing. Exit code 0 when all is well, 1 when something fails, 3 when nothing fails and ' +
          'something is unproved.',
      )
      .addOption(
        new Option('--profile <profile>', 'how this is run; default: as it is found').choices(
          PROFILES,
        ),
      )
      .option(
        '--only <id>',
        'an item or what answers it, such as `hangar/security/*`; may be repeated',
        (id: string, ids: readonly string[] = []) => [...ids, id],
      )
      .addOption(new Option('--phase <phase>', 'items first due then').choices(PHASES))
      .option('--against <folder>', 'another deployment, with which this one may share no secret')
      .addOption(
        new Option('--json', 'print the report as JSON').conflicts(['junit', 'sarif', 'html']),
      )
      .addOption(new Option('--junit', 'print it as JUnit XML').conflicts(['sarif', 'html']))
      .addOption(new Option('--sarif', 'print it as SARIF 2.1.0').conflicts('html'))
      .option('--html', 'print it as one HTML file that needs nothing else')
      .option('--out <file>', 'write that form to a file, and print the text')
      .option('--verbose', 'also list what passes')
      .addOption(
        new Option('--watch', 'look again and again, and print what changes').conflicts([
          ...['junit', 'sarif', 'html', 'out'],
          ...ALONE,
        ]),
      )
      .option('--every <time>', 'how often --watch looks: 5s to 1d', '60s')
      .addOption(
        new Option('--explain <id>', 'one item in full, with how it stood before').conflicts([
          ...['only', 'phase', 'junit', 'sarif', 'html', 'out', 'acceptBaseline'],
        ]),
      )
      .addOption(
        new Option(
          '--accept-baseline',
          'keep how the gateway does now as what later figures are compared with',
        ).conflicts(['only', 'phase', 'junit', 'sarif', 'html', 'out']),
      )
      .option(...CONFIG)
      .action(async (options) => {
        const { check } = await import('./verbs/check.ts')
        finish(await check(context, options))
      })
  )
}
