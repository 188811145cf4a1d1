import {
  ANSWERS,
  answerItemId,
  type Explanation,
  findItem,
  historyOf,
  ITEMS,
  itemsToExplain,
} from '@sallyport/checklist'
import { formatExplanation, verdictOf } from '@sallyport/checklist/report'
import type { Report } from '@sallyport/contract/checklist'
import {
  type DeploymentOptions,
  openDeployment,
  type OpenDeployment,
} from '../checklist/open-deployment.ts'
import type { Context } from '../context.ts'
import { COMMAND } from '../version.ts'
import { lookAt } from './check-run.ts'
import { untilSignal } from '../until-signal.ts'

/** `check --explain`: one item in full; the exit code is as if nothing else were looked at. */
export function explain(
  context: Context,
  id: string,
  options: DeploymentOptions & { readonly json?: boolean },
): Promise<number> {
  const item = findItem(id, { items: ITEMS, answers: ANSWERS })
  return untilSignal(context, async (signal) => {
    await using opened = await openDeployment(context, options, signal)
    const items = itemsToExplain(item)
    const report = await lookAt(context, { opened, items, only: [id] }, signal)
    const explanation = await toExplanation(item, report, opened)
    const { terminal, environment } = context
    terminal.print(
      options.json
        ? JSON.stringify(forPrograms(explanation))
        : formatExplanation(explanation, {
            width: terminal.columns,
            colour: terminal.isInteractive && !environment['NO_COLOR'],
            command: COMMAND,
          }),
    )
    const own = report.items.filter((one) => one.id === id)
    const summary = { proved: 0, attested: 0, not_applicable: 0, failed: 0, unproved: 0 }
    for (const { state } of own) summary[state] += 1
    return verdictOf({ summary }).code
  })
}

async function toExplanation(
  item: Explanation['item'],
  { items }: Report,
  { deployment: { book } }: OpenDeployment,
): Promise<Explanation> {
  const standingOf = (id: string) => items.find((one) => one.id === id)
  const ids = [item.id, ...item.answers]
  return {
    item,
    standing: standingOf(item.id),
    answers: item.answers.flatMap((id) => {
      const answer = ANSWERS.get(id)
      return answer === undefined ? [] : [{ id, answer, standing: standingOf(answerItemId(id)) }]
    }),
    attestations: ((await book?.attestations()) ?? []).filter((one) => ids.includes(one.item)),
    history: book === undefined ? [] : await historyOf(book, item.id),
  }
}

/** Without what is code. */
function forPrograms({ item, standing, answers, attestations, history }: Explanation): object {
  return {
    item,
    standing,
    answers: answers.map(({ id, answer: { kind, title }, standing: own }) => ({
      ...{ id, kind, title },
      ...(own && { state: own.state, evidence: own.evidence, remedy: own.remedy }),
    })),
    attestations,
    history,
  }
}
