import { readdir } from 'node:fs/promises'
import { codeOf } from './files.ts'

/** Names within a folder; none where it is not there. */
export interface FolderNames {
  readonly names: readonly string[]
  /** Why they are not known, as the end of a sentence that begins with the folder; undefined where they are. */
  readonly fault: string | undefined
}

/** Lists a folder. Total: one that is not there is empty, and one that may not be read has a fault. */
export async function listFolder(path: string): Promise<FolderNames> {
  try {
    return { names: (await readdir(path)).toSorted(), fault: undefined }
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { names: [], fault: undefined }
    return { names: [], fault: `cannot be listed (${code})` }
  }
}
