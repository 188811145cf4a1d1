import { relative } from 'node:path'
import { fact } from '../deployment.ts'
import { composeFacts, type ComposeService } from './compose.ts'
import { type Dockerfile, readDockerfile } from './dockerfile.ts'
import { MISSING_TEXT, readText } from './read-text.ts'

/** The Dockerfile that a service is built from, or why it is not known. */
export interface BuiltImage {
  /** As evidence names it. */
  readonly file: string
  readonly dockerfile: Dockerfile | undefined
  /** Why it is not known, as a sentence. */
  readonly unknown: string | undefined
}

/** Dockerfiles of the services that are built here. */
export const builtImages = fact(
  async (deployment, signal): Promise<ReadonlyMap<ComposeService, BuiltImage>> => {
    const { services } = await composeFacts(deployment, signal)
    const found = new Map<ComposeService, BuiltImage>()
    for (const service of services) {
      const { build } = service
      if (build === undefined) continue
      if (build.dockerfile === undefined) {
        const unknown = `${build.at}: ${service.name} is built from what is not on this machine`
        found.set(service, { file: build.at, dockerfile: undefined, unknown })
        continue
      }
      const file = relative(deployment.folder, build.dockerfile)
      const { text, missing } = await readText(build.dockerfile, signal)
      const unknown =
        missing === undefined ? undefined : `${build.at}: ${file} ${MISSING_TEXT[missing]}`
      const dockerfile = text === undefined ? undefined : readDockerfile(text)
      found.set(service, { file, dockerfile, unknown })
    }
    return found
  },
)
