import { Argument, type Command } from 'commander'
import { SIGN_OFF_ROLES } from '@sallyport/contract/checklist'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

/** `attest`: what people stand for. */
export function declareAttest(program: Command, context: Context, finish: Finish): void {
  program
    .command('attest [id]')
    .summary('stand for what no program can see')
    .description(
      'Keeps that a person stands for an item of the checklist, or for an answer that items take, ' +
        'until a date. It counts where a program cannot tell; what was seen to fail stays failed. ' +
        'Also works while no gateway runs.',
    )
    .option('--by <name>', 'who stands for it')
    .option('--note <text>', 'what was looked at, or why it does not apply')
    .option('--expires <when>', 'such as 7d or 2027-01-31; default: as long as the item allows')
    .option('--not-applicable', 'the item does not concern this deployment')
    .option('--list', 'list what people stand for')
    .option('--remove <id>', 'take back what was attested of an item or answer')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { attest } = await import('./verbs/attest.ts')
      finish(await attest(context, id, options))
    })
}

/** What is below `check`: reports that are kept, and who signed them. */
export function declareCheckBook(check: Command, context: Context, finish: Finish): void {
  declareVerify(check, context, finish)
  declareSignOff(check, context, finish)
  check
    .command('history')
    .description('Lists the reports that are kept, newest first, with what was good before.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { checkHistory } = await import('./verbs/check-history.ts')
      finish(await checkHistory(context, options))
    })
}

function declareVerify(check: Command, context: Context, finish: Finish): void {
  check
    .command('verify <report>')
    .description(
      'Says whether a report, as `check --json` printed it, is as it was signed, and by the key of ' +
        'this deployment or that of --key. Exit code 1 when not.',
    )
    .option('--key <file>', 'the public key that must have signed, as `check key` prints it')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (report, options) => {
      const { verifyReport } = await import('./verbs/check-verify.ts')
      finish(await verifyReport(context, report, options))
    })
  check
    .command('key')
    .description('Prints the public key that reports of this deployment are signed with, as PEM.')
    .option(...CONFIG)
    .action(async (options) => {
      const { checkKey } = await import('./verbs/check-verify.ts')
      finish(await checkKey(context, options))
    })
}

function declareSignOff(check: Command, context: Context, finish: Finish): void {
  check
    .command('sign-off')
    .addArgument(new Argument('<role>', 'for whose items').choices(SIGN_OFF_ROLES))
    .description(
      'Signs off the newest whole report for a role. Refused with exit code 1, and a list, while an ' +
        'item of that role fails or is unproved in it.',
    )
    .requiredOption('--by <name>', 'who signs')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (role, options) => {
      const { signOff } = await import('./verbs/check-sign-off.ts')
      finish(await signOff(context, role, options))
    })
}
