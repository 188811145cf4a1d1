import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const MAIN = fileURLToPath(new URL('./hostile/main.ts', import.meta.url))

/** The hostile server as one file, so that starting it costs the machine as little as it can. */
export class HostileProgram implements AsyncDisposable {
  readonly file: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.file = join(folder, 'hostile.mjs')
  }

  static async bundle(): Promise<HostileProgram> {
    const program = new HostileProgram(await mkdtemp(join(tmpdir(), 'sallyport-hostile-')))
    const bundle = await rolldown({ input: MAIN, platform: 'node', logLevel: 'silent' })
    await bundle.write({ file: program.file, format: 'esm' })
    await bundle.close()
    return program
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
