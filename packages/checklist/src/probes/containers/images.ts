import type { Seen } from '../../answers/answer.ts'
import { builtImages } from '../../looks/built-images.ts'
import { seen, stackProbe } from './stack.ts'

/** Every image is named by a version, here and where images are built from others. */
export const imagesPinned = stackProbe({
  title: 'Every image is pinned to a version',
  withServers: true,
  remedy: 'name a version or a digest in `image` and in `FROM`, such as `postgres:16.4`',
  async judge({ services, deployment, signal }) {
    const built = await builtImages(deployment, signal)
    const faults: Seen[] = []
    const unknowns: Seen[] = []
    const looked: Seen[] = []
    for (const service of services) {
      const { image } = service
      const at = service.at('image')
      const fault = image === undefined ? undefined : floating(image)
      if (fault !== undefined) faults.push(seen(at, service, fault))
      else if (image !== undefined) looked.push(seen(at, service, `runs ${image}`))
      const source = built.get(service)
      if (source?.unknown !== undefined) unknowns.push({ kind: 'file', text: source.unknown })
      for (const { image: base, line } of source?.dockerfile?.bases ?? []) {
        const found = floating(base)
        const where = `${source?.file}:${line}`
        if (found === undefined) looked.push(seen(where, service, `is built from ${base}`))
        else faults.push(seen(where, service, `is built from what ${found}`))
      }
      if (image === undefined && source === undefined) {
        faults.push(seen(service.at(), service, 'has no `image`'))
      }
    }
    return { faults, unknowns, seen: looked, remedy: 'put the Dockerfile where `build` names it' }
  },
})

/** Why an image may be another one tomorrow. */
function floating(image: string): string | undefined {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return undefined
  const last = image.split('/').pop() ?? image
  const tag = /:([^:@]*)$/.exec(last)?.[1]
  if (tag === undefined) return `names no version: \`${image}\``
  // A word is whatever its owner moves it to; a version has a digit.
  return /\d/.test(tag) && !/^latest/.test(tag)
    ? undefined
    : `floats with the tag \`${tag}\`: \`${image}\``
}
