import type { Report } from '@sallyport/contract/checklist'
import { changesOf } from '../engine/changes.ts'
import { layOut } from './layout.ts'
import { STATE_SHOWN, verdictOf } from './words.ts'

interface ChangeOptions {
  /** Characters on a line; undefined = as long as they are. */
  readonly width: number | undefined
  readonly colour: boolean
}

/** What stands otherwise than before, an item a line with what was seen, and the verdict. */
export function formatChanges(before: Report, now: Report, options: ChangeOptions): string {
  const layout = layOut(options)
  const lines = changesOf(before, now).flatMap(({ was, is }) => {
    const words = `${is.id}  was ${STATE_SHOWN[was.state].word}, is ${STATE_SHOWN[is.state].word}`
    const [first] = is.evidence
    return [
      layout.line(0, `${layout.sign(is.state)} `, words),
      ...(first === undefined ? [] : [layout.line(4, '', first.text)]),
      ...(is.remedy === null ? [] : [layout.line(4, '-> ', is.remedy)]),
    ]
  })
  const { word, sentence } = verdictOf(now)
  return [now.endedAt, ...lines, `${word}: ${sentence}`].join('\n')
}
