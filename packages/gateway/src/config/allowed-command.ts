import type { AllowedCommand } from '@sallyport/contract/config'

/** What is to be started. */
export interface Command {
  /** Absolute. */
  readonly command: string
  readonly args: readonly string[]
  /** Names of variables. */
  readonly env: readonly string[]
}

/** Why a program may not be started, one sentence about shapes; undefined = one of these allows it. */
export function judgeCommand(
  { command, args, env }: Command,
  allowed: readonly AllowedCommand[],
): string | undefined {
  const same = allowed.filter((one) => one.command === command)
  if (same.length === 0) return 'the program is not in `api.commands`'
  const fitting = same.filter((one) => fitsArguments(one.args, args))
  if (fitting.length === 0) {
    return `the ${args.length} arguments fit no list of \`api.commands\` for this program`
  }
  const foreign = env.filter((name) => !fitting.some((one) => allowsVariable(one.env, name)))
  if (foreign.length > 0) {
    return `\`api.commands\` does not allow the variable ${foreign[0]} for this program`
  }
  // All of them by one and the same rule.
  const whole = fitting.some((one) => env.every((name) => allowsVariable(one.env, name)))
  return whole ? undefined : 'no single rule of `api.commands` allows all these variables'
}

/** Whether each argument fits the glob in its place. */
export function fitsArguments(globs: readonly string[], args: readonly string[]): boolean {
  return globs.length === args.length && args.every((arg, at) => fitsArgument(globs[at] ?? '', arg))
}

/** A path that climbs, and a flag where none was meant, fit only what was written for them. */
function fitsArgument(glob: string, arg: string): boolean {
  if (glob === arg) return true
  if (!/[*?]/.test(glob)) return false
  if (arg.startsWith('-') && !glob.startsWith('-')) return false
  if (arg.split(/[/\\]/).includes('..') || /=\.\.(?:[/\\]|$)/.test(arg)) return false
  return fitsPathGlob(glob, arg)
}

/** `*` stops at `/`, `**` does not. Time is at most the product of both lengths. */
export function fitsPathGlob(glob: string, text: string): boolean {
  let reached = [true, ...Array.from({ length: text.length }, () => false)]
  for (let at = 0; at < glob.length; at += 1) {
    const sign = glob[at]
    const deep = sign === '*' && glob[at + 1] === '*'
    if (deep) at += 1
    reached = step(reached, text, { sign: sign ?? '', deep })
  }
  return reached[text.length] === true
}

/** Which ends of the text can be reached with one more sign of the glob. */
function step(
  before: readonly boolean[],
  text: string,
  { sign, deep }: { readonly sign: string; readonly deep: boolean },
): boolean[] {
  const after = before.map(() => false)
  for (let end = 0; end <= text.length; end += 1) {
    const last = text[end - 1]
    if (sign === '*') {
      const grows = end > 0 && after[end - 1] === true && (deep || last !== '/')
      after[end] = before[end] === true || grows
    } else if (end > 0 && before[end - 1] === true) {
      after[end] = sign === '?' ? last !== '/' : sign === last
    }
  }
  return after
}

/** Variables by which a program, its loader, its runtime or its installer can be made to run something else. */
const DECIDES_WHAT_RUNS =
  /^(?:PATH|PATHEXT|COMSPEC|SHELL|SHELLOPTS|BASHOPTS|BASH_ENV|BASH_FUNC_.*|ENV|IFS|PS[0-4]|PROMPT_COMMAND|CDPATH|GLOBIGNORE|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMFILES|PROGRAMDATA|SYSTEMROOT|SYSTEMDRIVE|WINDIR|TMPDIR|TEMP|TMP|EDITOR|VISUAL|PAGER|BROWSER|LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|RES_OPTIONS|GLIBC_TUNABLES|MALLOC_.*|NODE_.*|ELECTRON_.*|DENO_.*|BUN_.*|NPM_.*|YARN_.*|PNPM_.*|COREPACK_.*|NVM_.*|VOLTA_.*|TSX_.*|TS_NODE_.*|PYTHON.*|PIP_.*|UV_.*|VIRTUAL_ENV|CONDA_.*|PERL.*|RUBY.*|GEM_.*|BUNDLE_.*|JAVA_.*|JDK_.*|_JAVA_OPTIONS|CLASSPATH|MAVEN_.*|GRADLE_.*|DOTNET_.*|CORECLR_.*|COMPLUS_.*|PHP.*|LUA_.*|GO.*|CARGO_.*|RUST.*|GIT_.*|SSH_.*|DOCKER_.*|CONTAINER_.*|SSL_.*|OPENSSL_.*|CURL_.*|REQUESTS_CA_BUNDLE|.*_PROXY|SALLYPORT_.*|XDG_.*)$/i

function allowsVariable(globs: readonly string[], name: string): boolean {
  if (globs.includes(name)) return true
  if (DECIDES_WHAT_RUNS.test(name)) return false
  return globs.some((glob) => /[*?]/.test(glob) && fitsPathGlob(glob, name))
}
