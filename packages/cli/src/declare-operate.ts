import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

/** `usage`, `drain` and `config`. */
export function declareOperate(program: Command, context: Context, finish: Finish): void {
  declareLists(program, context, finish)
  declareDrain(program, context, finish)
  const config = program
    .command('config')
    .summary('compare, reload and roll back the configuration')
    .description(
      'The configuration of the running gateway. What was in force before is kept: the last 50, ' +
        'with references to secrets and never the secrets.',
    )
  declareConfigSight(config, context, finish)
  declareConfigChanges(config, context, finish)
}

function declareLists(program: Command, context: Context, finish: Finish): void {
  program
    .command('usage')
    .summary('show what each caller used today')
    .description('Shows calls and writes of today with their quotas, and what was refused and why.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listUsage } = await import('./verbs/usage.ts')
      finish(await listUsage(context, options))
    })
}

function declareDrain(program: Command, context: Context, finish: Finish): void {
  program
    .command('drain')
    .summary('take no new calls, and let running ones finish')
    .description(
      'Makes the gateway not ready and refuses new calls with a time to retry; running ones ' +
        'finish. Stays so over a restart, until --off. Also works while no gateway runs.',
    )
    .option('--server <name>', 'this server alone; the gateway stays ready')
    .option('--reason <text>', 'why, for whoever looks next')
    .option('--off', 'take calls again')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { drain } = await import('./verbs/marks.ts')
      finish(await drain(context, options))
    })
}

function declareConfigSight(config: Command, context: Context, finish: Finish): void {
  config
    .command('diff')
    .description(
      'Shows what a reload of the file would change. Exit code 2 when it would be refused.',
    )
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { diffConfig } = await import('./verbs/config.ts')
      finish(await diffConfig(context, options))
    })
  config
    .command('history')
    .description('Lists the configurations that were in force, newest first.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listHistory } = await import('./verbs/config.ts')
      finish(await listHistory(context, options))
    })
  config
    .command('show')
    .description('Prints one of them as YAML, without secrets.')
    .argument('<id>', 'as `config history` lists it')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { showGeneration } = await import('./verbs/config.ts')
      finish(await showGeneration(context, id, options))
    })
}

function declareConfigChanges(config: Command, context: Context, finish: Finish): void {
  config
    .command('reload')
    .description(
      'Brings the file into force while calls go on. Exit code 2 with every problem when it is ' +
        'refused; then nothing has changed.',
    )
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { reloadConfig } = await import('./verbs/config.ts')
      finish(await reloadConfig(context, options))
    })
  config
    .command('rollback')
    .description(
      'Goes back to an earlier configuration while calls go on. The file stays as it is.',
    )
    .argument('[id]', 'as `config history` lists it; default: the one before')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { rollbackConfig } = await import('./verbs/config.ts')
      finish(await rollbackConfig(context, id, options))
    })
}
