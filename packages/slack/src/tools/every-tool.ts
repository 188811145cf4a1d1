import { systemClock } from '@sallyport/kit/clock'
import { KeyRing } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { Cursors } from '../cursors/cursors.ts'
import { Directories } from '../directory/directories.ts'
import { createReadTools } from './read-tools.ts'
import type { SlackTool } from './slack-tool.ts'
import { createWriteTools } from './write-tools.ts'

/** Every tool that there can be, with everything allowed: to be described, not to be called. */
export function everyTool(): readonly SlackTool[] {
  const clock = systemClock
  const directories = new Directories(clock)
  const cursors = new Cursors(KeyRing.create(0), clock)
  const once = {
    run: () => Promise.reject(new AppError('internal', 'this tool is only described')),
  }
  return [
    ...createReadTools({ cursors, directories, clock, searchPrivate: false, fileBytesMax: 1 }),
    ...createWriteTools({
      ...{ channels: directories.channels, once, clock },
      rule: { kind: 'except', channels: [] },
      uploads: { bytesMax: 1, kinds: ['txt'], folder: undefined },
    }),
  ]
}
