import { notApplicable, type Seen } from '../../answers/answer.ts'
import type { ComposeProject, ComposeReference, ComposeService } from '../../looks/compose.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

const GATEWAY_TOKENS = ['MCP_GATEWAY_AUTH_TOKEN', 'MCP_AUTH_TOKEN', 'SALLYPORT_MASTER_KEY']
const SECRET = /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|KEY|CREDENTIALS?)(?:_|$)/i

/** What services are given by reference is still there after the shell that started them is gone. */
export const tokenSurvives = stackProbe({
  title:
    'Tokens of the gateway and of services are kept in a file, not in the shell that started them alone',
  remedy:
    'write the variable into `.env` beside the compose file (mode 600), or make it a file under `secrets`',
  judge(stack) {
    const faults = stack.compose.projects.flatMap((project) => lost(project))
    const tokens = stack.services.flatMap((service) => tokensOf(service, stack))
    const kept = stack.compose.projects.flatMap((project) => keptOf(project))
    if (faults.length === 0 && tokens.length === 0 && kept.length === 0) {
      return notApplicable('no service of the compose files is given a token by a variable')
    }
    return {
      faults: [...faults, ...tokens.flatMap(({ fault }) => fault ?? [])],
      seen: [...tokens.flatMap(({ found }) => found ?? []), ...kept],
    }
  },
})

function secretReferences({ references }: ComposeProject): ComposeReference[] {
  const first = new Map<string, ComposeReference>()
  for (const reference of references) {
    if (SECRET.test(reference.name) && !first.has(reference.name)) {
      first.set(reference.name, reference)
    }
  }
  return [...first.values()]
}

function lost(project: ComposeProject): Seen[] {
  return secretReferences(project).flatMap(({ name, at, hasDefault }): Seen[] => {
    if (isKept(project, name)) return []
    const isInShell = project.variables.environment[name] !== undefined
    if (!isInShell && hasDefault) return []
    const text = isInShell
      ? `${at}: the variable ${name} is set in this shell alone and is lost with it`
      : `${at}: the variable ${name} is set nowhere that outlives a shell`
    return [{ kind: 'environment', text }]
  })
}

function keptOf(project: ComposeProject): Seen[] {
  return secretReferences(project).flatMap(({ name, at, hasDefault }): Seen[] => {
    if (!isKept(project, name) && !hasDefault) return []
    const text = isKept(project, name) ? 'is kept in a file' : 'is set nowhere and has a default'
    return [{ kind: 'environment', text: `${at}: the variable ${name} ${text}` }]
  })
}

function isKept({ variables }: ComposeProject, name: string): boolean {
  return (variables.file[name] ?? '') !== ''
}

interface TokenFound {
  readonly fault?: Seen
  readonly found?: Seen
}

/** Tokens of gateways that are passed on by name, or stand in a file of theirs. */
function tokensOf(service: ComposeService, { roles, compose }: Stack): TokenFound[] {
  if (roles.get(service) !== 'gateway') return []
  const project = compose.projects.find(({ services }) => services.includes(service))
  return GATEWAY_TOKENS.flatMap((name): TokenFound[] => {
    const token = service.environment.get(name)
    if (token === undefined) return []
    if (token.from !== 'reference')
      return [{ found: seen(token.at, service, `finds ${name} in a file`) }]
    // A reference is told of by its variable.
    if (project === undefined || project.references.some(({ at }) => at === token.at)) return []
    return isKept(project, name)
      ? [{ found: seen(token.at, service, `is passed ${name}, which is kept in a file`) }]
      : [{ fault: seen(token.at, service, `is passed ${name} from the shell alone`) }]
  })
}
