import { checkInput, subjectErase, type SubjectErased } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openSecrets } from '../open-secrets.ts'
import { formatTable } from '../table.ts'

interface Options extends ConfigOptions {
  readonly subject: string
  readonly plan?: boolean
  readonly json?: boolean
  /** Of the Slack server's own store. */
  readonly slack?: boolean
}

/** `erase`: removes what is kept of a person, or says what would go. */
export async function eraseSubject(context: Context, options: Options): Promise<number> {
  const { subject, plan = false, json } = options
  const checked = checkInput(subjectErase, { subject, plan })
  if (!checked.ok) throw new AppError('usage', `--subject ${checked.faults[0].sentence}`)
  await using secrets = await openSecrets(context, options)
  const erased = await secrets.erase(checked.data)
  const { terminal } = context
  if (json) terminal.print(JSON.stringify(erased))
  else {
    terminal.print(describe(erased))
    for (const note of erased.notes) terminal.note(note)
  }
  return EXIT.ok
}

function describe({ planned, principals, rows }: SubjectErased): string {
  const who = principals.map(({ id, name }) => {
    const text = printable(id, 512)
    return name === null ? text : `${text} (${printable(name, 64)})`
  })
  const gone = rows.filter((one) => one.rows > 0)
  const table = formatTable(
    ['table', 'rows', planned ? 'would be' : 'were'],
    gone.map((one) => [one.table, String(one.rows), one.action]),
  )
  return `${planned ? 'would erase' : 'erased'} ${who.join(', ')}\n${table}`
}
