import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder with files for one test, removed with it. */
export class TestingFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-config-'))

  /** Writes a file below the folder and gives its absolute path. */
  write(name: string, text: string): string {
    const file = join(this.path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
