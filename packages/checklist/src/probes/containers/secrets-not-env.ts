import type { Seen } from '../../answers/answer.ts'
import type { ComposeEnvironment, ComposeService } from '../../looks/compose.ts'
import type { ServiceRole } from '../../looks/compose-roles.ts'
import { credentialsIn } from '../../looks/credential-shapes.ts'
import { all, seen, stackProbe, type Stack } from './stack.ts'

/** Images whose entry point takes a secret from a file, and how the variable is called that names it. */
const FROM_FILES: Partial<Record<ServiceRole, (name: string) => string>> = {
  postgres: (name) => `${name}_FILE`,
  store: (name) => `${name}_FILE`,
  grafana: (name) => `${name}__FILE`,
}
/** What those images read so; whatever else they are given is for others. */
const THEIRS = /^(?:POSTGRES|MYSQL|MARIADB|MONGO|GF|RABBITMQ|MINIO)_/
const IN_COMMAND = /^--?(?:requirepass|password|pass|token|secret|api-?key)(?:=(.+))?$/i

/** No secret stands in a compose file, in a command, or in a variable of an image that takes files. */
export const secretsNotEnv = stackProbe({
  title:
    'No secret stands in a compose file, in a command, or in a variable where the image takes a file',
  withServers: true,
  remedy: 'put the secret into a file under `secrets` (mode 600) and name it by `..._FILE`',
  judge(stack) {
    const faults = stack.services.flatMap((service) => [
      ...inEnvironment(service, stack),
      ...inCommand(service),
    ])
    return { faults, seen: all(stack.services, 'given no secret in the open') }
  },
})

function inEnvironment(service: ComposeService, stack: Stack): Seen[] {
  return [...service.environment].flatMap(([name, given]): Seen[] => {
    if (credentialsIn(name, given.value ?? '').length === 0) return []
    if (service.isServer === true) {
      return [
        seen(
          given.at,
          service,
          `is given ${name} in its arguments, which every process list shows`,
        ),
      ]
    }
    if (given.from === 'literal' || isDefault(service, given, stack)) {
      return [seen(given.at, service, `is given ${name} as it stands in the compose file`)]
    }
    const role = stack.roles.get(service)
    const file = role === undefined ? undefined : FROM_FILES[role]
    if (file === undefined || !THEIRS.test(name)) return []
    return [seen(given.at, service, `is given ${name} as a variable, where it takes ${file(name)}`)]
  })
}

/** Whether the value is what the compose file says for a variable that is not set. */
function isDefault(
  service: ComposeService,
  { from, at }: ComposeEnvironment,
  { compose }: Stack,
): boolean {
  if (from !== 'reference') return false
  const project = compose.projects.find(({ services }) => services.includes(service))
  const used = (project?.references ?? []).filter((reference) => reference.at === at)
  return used.length > 0 && used.every((reference) => reference.from === undefined)
}

function inCommand(service: ComposeService): Seen[] {
  const words = [...service.entrypoint, ...service.command]
  return words.flatMap((word, index): Seen[] => {
    const [option, value = words[index + 1] ?? ''] = IN_COMMAND.exec(word) ?? []
    if (option === undefined || value === '' || value.startsWith('-') || value.includes('$'))
      return []
    const text = `is given a secret in its \`command\` (${option.split('=')[0]}), which every process list shows`
    return [seen(service.at('command'), service, text)]
  })
}
