import type { JsonSchema } from '@sallyport/contract/config'
import { ERRORS } from '@sallyport/kit/errors'

const GENERATED = '<!-- Written by `npm run generate`. Do not edit. -->'

/** The page docs/config.md: every key of the schema with type, default, bounds and meaning. */
export function configPage(schema: JsonSchema): string {
  const sections = [section('', schema, schema)]
  return `${GENERATED}

# Configuration

\`sallyport.yaml\` is YAML (so JSON too). It is strict: an unknown key or a value out of bounds is an error, and
\`sallyport validate\` names all of them at once with line, column and remedy. <!-- claim: config/problems, config/unknown-key, config/out-of-bounds --> This page lists every key; a
copy for editors is [\`schema/sallyport.schema.json\`](../schema/sallyport.schema.json).

- **Found** by \`--config\`, \`SALLYPORT_CONFIG\` (or \`MCP_CONFIG\`), \`./sallyport.yaml\`, \`INSTANCES\`, in this order. <!-- claim: config/search -->
- **Overlay**: \`sallyport.<environment>.yaml\` beside the file is laid over it. Maps merge by key, lists and
  scalars replace, \`null\` removes a key. <!-- claim: config/overlay -->
- **References** in any text: \`\${env:NAME}\`, \`\${env:NAME:-default}\`, \`\${file:/path}\` (one trailing newline
  is cut), \`\${secret:name}\` (a systemd credential, else the file of that name in \`/run/secrets\`, where Docker puts
  it) and \`\${command:pass show slack}\` (what a program prints: no shell, ten seconds, 64 KiB, run again at each
  reload). \`$\${\` writes the characters \`\${\`. What is unset, missing or empty is an error at its key. A \`.env\` beside
  the file is read; what the process environment has wins. <!-- claim: config/references, config/dotenv -->
- **Units**: durations \`250ms 30s 5m 12h 7d\`, sizes \`64KiB 1MiB 10GiB\`, rates \`50/s\`. <!-- claim: config/units -->
- **Paths** are relative to the file. Servers run in the folder of the file. <!-- claim: config/paths -->
- **A client's own file** (\`.mcp.json\`, \`claude_desktop_config.json\`, VS Code's \`mcp.json\`) works as it is:
  unknown keys are warnings there, \`\${X}\`, \`\${X:-default}\`, \`\${env:X}\` and \`\${workspaceFolder}\` are understood. <!-- claim: config/client-file -->
- **\`INSTANCES=a=http://host:9090,b=...\`** without a file is a working gateway: \`GATEWAY_PORT\` (9100; admin is
  the next), \`GATEWAY_BIND_ADDR\` (127.0.0.1), \`MCP_GATEWAY_AUTH_TOKEN\` is what clients present and
  \`MCP_AUTH_TOKEN\` what instances expect (one alone serves both). Request bodies are at most 64 KiB. <!-- claim: config/instances, config/instances/token -->

${sections.join('\n\n')}
`
}

interface Row {
  readonly key: string
  readonly schema: JsonSchema
}

function section(path: string, schema: JsonSchema, root: JsonSchema): string {
  const properties = schemaMap(schema['properties'])
  const rows = Object.entries(properties).map(([key, value]): Row => ({ key, schema: value }))
  const title = path === '' ? '## The file' : `## \`${path}\``
  const table = rows.map(({ key, schema: value }) => row(key, deref(value, root)))
  const below = rows.flatMap(({ key, schema: value }) =>
    subsections(path === '' ? key : `${path}.${key}`, deref(value, root), root),
  )
  const about = path === '' ? '' : text(schema['description'])
  const note = about === '' ? [] : [about, '']
  return [
    title,
    '',
    ...note,
    '| Key | Type | Default | Bounds | Meaning |',
    '|---|---|---|---|---|',
    ...table,
    ...below.flatMap((part) => ['', part]),
  ].join('\n')
}

/** The sections of the maps below one key: its own, that of its named entries, of its list items. */
function subsections(path: string, schema: JsonSchema, root: JsonSchema): string[] {
  if (schema['properties'] !== undefined) return [section(path, schema, root)]
  const inner: [string, unknown][] = [
    [`${path}.<name>`, schema['additionalProperties']],
    [`${path}[]`, schema['items']],
  ]
  return inner.flatMap(([name, value]) => {
    if (typeof value !== 'object' || value === null) return []
    const target = deref(value as JsonSchema, root) // an object, seen above
    const choices = [target, ...schemaList(target['anyOf'])]
    return choices.flatMap((choice) =>
      choice['properties'] === undefined ? [] : [section(name, choice, root)],
    )
  })
}

function row(key: string, schema: JsonSchema): string {
  const cells = [`\`${key}\``, typeWord(schema), fallback(schema), bounds(schema)]
  return `| ${[...cells, text(schema['description'])].map(escapeCell).join(' | ')} |`
}

function typeWord(schema: JsonSchema): string {
  const kind = schema['x-kind']
  const choices = schemaList(schema['anyOf'])
  const values = Array.isArray(schema['enum']) ? schema['enum'] : undefined
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' or ')
  if (schema['const'] !== undefined) return `\`${String(schema['const'])}\``
  if (kind === 'secret')
    return choices.length > 0 || schema['type'] === 'string' ? 'secret' : 'map of secrets'
  if (choices.length > 0) return [...new Set(choices.map(typeWord))].join(' or ')
  const type = text(schema['type'])
  if (type === 'integer') return `whole number${kind === undefined ? '' : ` (${text(kind)})`}`
  if (type === 'string') return kind === undefined ? 'text' : text(kind)
  if (type === 'boolean') return 'true or false'
  if (type === 'array') {
    const [item] = schemaList([schema['items']])
    return `list of ${item === undefined ? 'anything' : typeWord(item)}`
  }
  return 'map'
}

function fallback(schema: JsonSchema): string {
  const value = schema['default']
  if (value === undefined || JSON.stringify(value) === '{}') return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function bounds(schema: JsonSchema): string {
  const range = (min: unknown, max: unknown): string => `${String(min)} to ${String(max)}`
  if (schema['x-min'] !== undefined) return range(schema['x-min'], schema['x-max'])
  if (schema['minimum'] !== undefined) return range(schema['minimum'], schema['maximum'])
  if (schema['maxItems'] !== undefined) return `at most ${String(schema['maxItems'])}`
  if (schema['maxLength'] !== undefined) return `at most ${String(schema['maxLength'])} characters`
  return ''
}

/** The page docs/errors.md: every code of the one table. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, spec]) => {
    const retry = spec.retryable ? 'yes' : 'no'
    const advice = ADVICE[code] ?? ''
    return `| \`${code}\` | ${spec.http} | ${spec.family} | ${retry} | ${escapeCell(spec.summary)} | ${escapeCell(advice)} |`
  })
  return `${GENERATED}

# Errors

Every failure has one of these codes. The door and the admin API answer with the HTTP status; behind the door
MCP answers 200 with the code in \`_meta["dev.sallyport/error"]\` or in \`error.data\`, and \`requestId\` finds the
rest in log and audit. A **rejection** is the caller's to fix, a **failure** is a dependency's, a **defect** is ours.
*Again* says whether the same request may succeed later without being changed.

| Code | HTTP | Family | Again | Meaning | What to do |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

/** Codes of {@link ERRORS} without a line of advice. */
export function codesWithoutAdvice(): string[] {
  return Object.keys(ERRORS).filter((code) => ADVICE[code] === undefined)
}

const ADVICE: Readonly<Record<string, string>> = {
  insufficient_scope:
    'Ask the identity provider for a token with the scopes that `WWW-Authenticate` names; MCP clients do so by themselves.',
  address_not_allowed:
    'Call from an address in `allowFrom` of the configuration or of the key, or widen it.',
  suspended: 'Ask an operator why; `sallyport sessions resume` lets the caller in again.',
  tenant_required: 'Give the credential a tenant, or set `auth.requireTenant` to false.',
  csrf_failed: 'Send the token of the session in `X-CSRF-Token`, from a page of this origin.',
  login_failed: 'Check name and password. `sallyport admin reset` sets a new password.',
  issuer_unavailable:
    "Look at the issuer's address and its `jwks`; known tokens stay valid meanwhile.",
  conflict: 'Read what is there and decide: it exists already, is in use, or the file defines it.',
  version_required: 'Read it first and send its `ETag` as `If-Match`.',
  version_conflict: 'Somebody changed it since: read it again and repeat the change.',
  command_not_allowed:
    'Add the command to `api.commands` in the file, or have the operator add the server there.',
  url_not_allowed: 'Use a public address, or add the range to `api.addresses` in the file.',
  config_invalid:
    'Read the problems: each names file, line, key and remedy. `sallyport validate` lists them all.',
  usage: 'Run the command with `--help`.',
  store_locked: 'Stop the process the message names, or give this gateway a `store` of its own.',
  store_newer: 'Start the version that wrote it, or a newer one.',
  store_unwritable:
    'Look at free space, permissions and the database. Calls are refused until a write works.',
  master_key_wrong: 'Set `masterKey` to the key this store was made with.',
  port_taken: 'Stop what uses the port, or change `listen` or `admin`.',
  node_too_old: 'Install Node 24 or newer.',
  not_running: 'Start it with `sallyport up`, with the same `--config`.',
  host_not_allowed: 'Set `publicUrl`, or add the name to `allowedHosts`.',
  origin_not_allowed: 'Add the page’s origin to `origins`.',
  forwarded_not_allowed: 'Set `auth.anonymous: false` and use keys behind a proxy.',
  credential_missing:
    'Send `Authorization: Bearer <key>`; `sallyport keys create NAME` makes a key.',
  credential_invalid: 'Look whether the key was revoked or has expired (`sallyport keys list`).',
  forbidden: 'Use a key whose role allows it.',
  rate_limited: 'Wait as long as `Retry-After` says, or raise `limits.perPrincipal`.',
  locked_out:
    'Wait as long as `Retry-After` says; a valid key passes at once. See `limits.lockout`.',
  overloaded:
    'Try again shortly; if it stays, look at `limits.bufferedBytes`, `limits.connections` and the load.',
  shutting_down: 'Try again; another process or the restarted one answers.',
  not_found: 'Check the address: MCP is at `/mcp`.',
  method_not_allowed: 'Use the method that the `Allow` header names.',
  not_acceptable: 'Accept `application/json` and `text/event-stream`.',
  media_type: 'Send `Content-Type: application/json`.',
  request_invalid: 'Correct the request as the message says.',
  request_too_large: 'Send less, or raise `limits.requestBytes`.',
  request_slow: 'Look at the network; `limits.requestTimeout` is the bound.',
  server_unavailable: 'Look at `sallyport servers`: it names the reason.',
  server_start_failed:
    'Look at `sallyport servers` and the server’s own output in the log; try its command by hand.',
  server_protocol: 'The server is at fault: look at the log and at its version.',
  server_unauthorized: 'Renew the credential in its `headers` or `env`.',
  server_lost: 'Try again if the call may run twice: `outcome` says whether it was sent.',
  deadline_exceeded:
    'Raise `callTimeout` of the server or `limits.callTimeout`, or make the call smaller.',
  breaker_open:
    'Wait `retryAfterMs`; `sallyport servers` says what is wrong with the server. `breaker` of the server or group decides when it opens.',
  group_unhealthy:
    'Wait `retryAfterMs`; `sallyport groups` says which members are down. `minHealthy` and `below` of the group decide.',
  server_blocked: 'Ask the operator; `sallyport servers unblock NAME` lets calls through again.',
  server_draining: 'Try again after `retryAfterMs`; `sallyport drain --off` ends the drain.',
  caps_unavailable:
    'Remove the cap the message names, or give the host what it says is missing (a writable cgroup, `prlimit`).',
  quota_exceeded:
    'Wait `retryAfterMs`, or raise the bound the message names: `daily` of `limits.perPrincipal`, of the server or of the tool, or `limits.idempotency.perPrincipal`.',
  idempotency_conflict: 'Use a new key for another call, or the same arguments for the same one.',
  outcome_unknown:
    'Look at the target whether the call took effect, then repeat it with a new key if it did not.',
  handle_unknown:
    'Make the call again: results are kept for `limits.results.keep` and for their caller only.',
  queue_full: 'Try again later, or raise `inFlight` or `queued` of the server.',
  question_unanswered:
    'Answer in time, use a client that can be asked, or raise `limits.questions.timeout`.',
  cancelled: 'Nothing: the caller asked for it.',
  result_too_large: 'Ask for less, or raise `limits.resultBytes`.',
  slack_refused: 'The message holds Slack’s own code; its page for the method explains it.',
  slack_scope_missing: 'Add the scope that the message names to the app, and install it again.',
  slack_reinstall: 'Open `/slack/install` once more for the workspace that the message names.',
  slack_rate_limited:
    'Wait as long as `retryAfterMs` says; a cursor in the answer goes on from there.',
  slack_unavailable: 'Try again; look at status.slack.com and the way out of this network.',
  slack_protocol: 'Look into the log under the request id for what did not fit.',
  slack_outcome_unknown:
    'Look into the channel before posting again, or repeat with an idempotency key.',
  slack_team_unknown:
    'Use `slack_list_workspaces` for the ids, or bind the token: `NAME:TEAM=token`.',
  slack_channel_unknown: 'Use `slack_list_channels` for ids and names.',
  slack_user_unknown: 'Use `slack_search_users` for ids and names.',
  slack_write_refused: 'Add the channel to `SLACK_WRITE_CHANNELS` if writing there is meant.',
  slack_signature_invalid:
    'Set the signing secret of the app, and check the clock of this machine.',
  internal: 'Report it with the log lines of the request id.',
}

function deref(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = text(schema['$ref']).replace('#/$defs/', '')
  return name === '' ? schema : { ...schemaMap(root['$defs'])[name], ...schema }
}

function schemaMap(value: unknown): Readonly<Record<string, JsonSchema>> {
  return (value ?? {}) as Readonly<Record<string, JsonSchema>> // a map of schemas wherever it is called
}

function schemaList(value: unknown): JsonSchema[] {
  const list: unknown[] = Array.isArray(value) ? value : []
  return list.filter((item): item is JsonSchema => typeof item === 'object' && item !== null)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
