import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type BuiltImage, builtImages } from '../../looks/built-images.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { credentialsIn, holdsCredential } from '../../looks/credential-shapes.ts'
import { NO_DOCKER, refused } from '../../looks/live-containers.ts'
import { readText } from '../../looks/read-text.ts'
import { runCommand } from '../../looks/run-command.ts'
import { someOf } from '../needs.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

const IMAGES_MAX = 50
const DEADLINE_MS = 60_000
const COPIED =
  /(?:^|\s|\/)(?:\.env(?:\.[\w-]+)?|id_(?:rsa|ed25519|ecdsa)|[\w.-]*\.(?:pem|key|p12|pfx))(?=\s|$)/
const ASSIGNED = /(?:^|[\s|])([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S+)/g

/** No image carries a secret: in its variables, its layers, or what it is built with. */
export const imageSecrets = stackProbe({
  title: 'No image carries a secret in its variables or its layers',
  withServers: true,
  remedy:
    'take the secret out of the image, build it anew, revoke the secret, and use `RUN --mount=type=secret`',
  deadlineMs: DEADLINE_MS,
  async judge(stack) {
    const built = await builtImages(stack.deployment, stack.signal)
    const faults: Seen[] = []
    for (const service of stack.services) {
      const source = built.get(service)
      if (source !== undefined) faults.push(...(await inBuild(service, source, stack)))
    }
    const live = await inImages(stack)
    return {
      faults: [...faults, ...live.faults],
      unknowns: live.unknowns,
      seen: live.seen,
      remedy: 'run the check where docker holds the images',
    }
  },
})

async function inBuild(
  service: ComposeService,
  source: BuiltImage,
  { signal }: Stack,
): Promise<Seen[]> {
  const { build } = service
  const faults: Seen[] = []
  for (const [name, { value, at }] of build?.args ?? []) {
    if (credentialsIn(name, value ?? '').length === 0) continue
    faults.push(seen(at, service, `is built with ${name} as an argument, which its layers keep`))
  }
  for (const { name, text, line } of source.dockerfile?.instructions ?? []) {
    const at = `${source.file}:${line}`
    if (name === 'ENV' || name === 'ARG') {
      const [found] = secretNames(text)
      if (found !== undefined) faults.push(seen(at, service, `sets ${found} in \`${name}\``))
    }
    const copied = name === 'COPY' || name === 'ADD' ? COPIED.exec(text)?.[0].trim() : undefined
    if (copied !== undefined) faults.push(seen(at, service, `copies ${copied} into the image`))
    const isAll = name === 'COPY' && /^(?:--\S+\s+)*\.\/?\s/.test(text) && !text.includes('--from')
    if (isAll && build !== undefined && (await isOpen(build.context, signal))) {
      faults.push(
        seen(at, service, 'copies `.env` into the image, as `.dockerignore` does not name it'),
      )
    }
  }
  return faults
}

/** Whether a whole build context would take its `.env` along. */
async function isOpen(context: string, signal: AbortSignal): Promise<boolean> {
  const status = await stat(join(context, '.env')).catch(() => undefined) // absent is what is hoped for
  if (status === undefined) return false
  const { text } = await readText(join(context, '.dockerignore'), signal)
  return !(text ?? '')
    .split('\n')
    .some((line) => /^(?:\*\*\/)?(?:\.env\*?|\.\*|\*)\s*$/.test(line.trim()))
}

function secretNames(text: string): string[] {
  const assigned = [...text.matchAll(ASSIGNED)].flatMap(([, name = '', value = '']) => {
    const plain = value.replaceAll(/^["']|["']$/g, '')
    return credentialsIn(name, plain).length > 0 ? [name] : []
  })
  return assigned.length === 0 && holdsCredential(text) ? ['a credential'] : assigned
}

interface LiveFindings {
  readonly faults: Seen[]
  readonly unknowns: Seen[]
  readonly seen: Seen[]
}

async function inImages({ services, compose, deployment, signal }: Stack): Promise<LiveFindings> {
  const found: LiveFindings = { faults: [], unknowns: [], seen: [] }
  const images = services.map((service) => {
    const project = compose.projects.find((one) => one.services.includes(service))
    return service.image ?? `${project?.name}-${service.name}`
  })
  const left = [...new Set(images)].slice(IMAGES_MAX)
  if (left.length > 0) {
    const text = `only ${IMAGES_MAX} images are looked at, and not ${someOf(left)}`
    found.unknowns.push({ kind: 'command', text })
  }
  for (const image of [...new Set(images)].slice(0, IMAGES_MAX)) {
    const layers = await layersOf(image, deployment, signal)
    if ('missing' in layers) {
      found.unknowns.push({ kind: 'command', text: `the image ${image}: ${layers.missing}` })
      if (layers.missing === NO_DOCKER.text) break
      continue
    }
    const names = [...new Set(layers.lines.flatMap(secretNames))]
    const text = names.length > 0 ? `carries ${names.join(', ')}` : 'carries no secret'
    const told: Seen = { kind: 'command', text: `docker history: the image ${image} ${text}` }
    ;(names.length > 0 ? found.faults : found.seen).push(told)
  }
  return found
}

/** What an image's layers were made by, and its variables. */
async function layersOf(
  image: string,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<{ readonly lines: string[] } | { readonly missing: string }> {
  const history = ['history', '--no-trunc', '--format', '{{.CreatedBy}}', image]
  const layers = await runCommand(deployment, 'docker', history, signal)
  if (layers === undefined) return { missing: NO_DOCKER.text }
  const inspect = [
    'image',
    'inspect',
    '--format',
    '{{range .Config.Env}}{{println .}}{{end}}',
    image,
  ]
  const variables = await runCommand(deployment, 'docker', inspect, signal)
  if (layers.code === 0 && variables?.code === 0) {
    return { lines: `${layers.stdout}\n${variables.stdout}`.split('\n') }
  }
  const isAbsent = /no such image|not found/i.test(layers.stderr)
  return { missing: isAbsent ? 'docker does not hold it' : refused(layers.stderr).text }
}
