/**
 * The layer check: which package may import what, and through which door. Run by `npm run layers`.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, resolve, sep } from 'node:path'
import { parseSync } from 'oxc-parser'

/** What each package may import. Anything absent here is forbidden. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  contract: ['kit'],
  gateway: ['kit', 'contract'],
  slack: ['kit', 'contract'],
  checklist: ['kit', 'contract'],
  cli: ['kit', 'contract', 'gateway', 'slack', 'checklist'],
}

/** The runtime-neutral subpaths, all that a package may take of another where it is listed here. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  'contract -> kit': ['./errors', './roles', './secret'],
}

const SCOPE = '@sallyport/'

/** One package as its `package.json` describes it. `folder` is the name under `packages/`. */
export interface PackageFacts {
  readonly folder: string
  readonly exports: readonly string[]
  /** Names in dependencies, devDependencies, peerDependencies and optionalDependencies. */
  readonly declared: readonly string[]
}

/** One source file: its package, its path inside the repository, and what it imports. */
export interface SourceFile {
  readonly folder: string
  readonly path: string
  readonly imports: readonly string[]
}

/**
 * Lists every import that breaks a rule, as `path: sentence`. Pure.
 *
 * @param shared names a test may import without its package declaring them: the root's devDependencies
 */
export function importBreaks(
  files: readonly SourceFile[],
  packages: readonly PackageFacts[],
  shared: readonly string[],
): string[] {
  const byFolder = new Map(packages.map((facts) => [facts.folder, facts]))
  return files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const broken = breakOf(file, specifier, byFolder, shared)
      return broken === undefined ? [] : [`${file.path}: ${broken}`]
    }),
  )
}

function breakOf(
  file: SourceFile,
  specifier: string,
  byFolder: ReadonlyMap<string, PackageFacts>,
  shared: readonly string[],
): string | undefined {
  if (isBuiltin(specifier)) return undefined
  if (specifier.startsWith('.')) return relativeBreak(file, specifier)
  const declared = byFolder.get(file.folder)?.declared ?? []
  const name = packageName(specifier)
  if (specifier.startsWith(SCOPE)) {
    // A test may use its own package as others do.
    const isOwn = name === SCOPE + file.folder && isTest(file.path)
    return (
      workspaceBreak(file, specifier, byFolder) ?? (isOwn ? undefined : undeclared(name, declared))
    )
  }
  const usable = isTest(file.path) ? [...declared, ...shared] : declared
  return undeclared(name, usable)
}

function relativeBreak(file: SourceFile, specifier: string): string | undefined {
  const target = join(dirname(file.path), specifier)
  const home = join('packages', file.folder) + sep
  if (target.startsWith(home)) return undefined
  return `${specifier} leaves the package; import another package by its name`
}

function workspaceBreak(
  file: SourceFile,
  specifier: string,
  byFolder: ReadonlyMap<string, PackageFacts>,
): string | undefined {
  const [to = '', ...rest] = specifier.slice(SCOPE.length).split('/')
  const subpath = rest.length === 0 ? '.' : `./${rest.join('/')}`
  const from = file.folder
  if (to === from && !isTest(file.path)) {
    return `${specifier} is the package itself; import by a relative path`
  }
  if (to !== from && !LAYERS[from]?.includes(to)) return `${from} may not import ${to}`
  if (ONLY[`${from} -> ${to}`]?.includes(subpath) === false) {
    return `${from} may import only ${ONLY[`${from} -> ${to}`]?.join(' and ')} of ${to}`
  }
  if (!byFolder.get(to)?.exports.includes(subpath)) return `${specifier} is not exported by ${to}`
  return undefined
}

function undeclared(name: string, declared: readonly string[]): string | undefined {
  return declared.includes(name) ? undefined : `${name} is not declared in the package.json`
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isTest(path: string): boolean {
  const fixture = path.slice(path.lastIndexOf(sep) + 1).startsWith('testing-')
  return fixture || path.endsWith('.test.ts') || path.includes(`${sep}test${sep}`)
}

/** Every module specifier of a source text: imports, re-exports and `import()` of a literal. */
export function importsOf(path: string, text: string): string[] {
  const { module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const statics = module.staticImports.map(({ moduleRequest }) => moduleRequest.value)
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  )
  const dynamic = module.dynamicImports
    .map(({ moduleRequest }) => text.slice(moduleRequest.start, moduleRequest.end))
    .flatMap((expression) => /^(['"])([^'"]+)\1$/.exec(expression)?.[2] ?? [])
  return [...new Set([...statics, ...exported, ...dynamic])]
}

interface Manifest {
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest // Our own file, checked by npm.
}

function factsOf(root: string, folder: string): PackageFacts {
  const manifest = readManifest(join(root, 'packages', folder, 'package.json'))
  return {
    folder,
    exports: Object.keys(manifest.exports ?? {}),
    declared: [
      manifest.dependencies,
      manifest.devDependencies,
      manifest.peerDependencies,
      manifest.optionalDependencies,
    ].flatMap((names) => Object.keys(names ?? {})),
  }
}

function readRepository(root: string): string[] {
  const manifests = globSync('packages/*/package.json', { cwd: root }).sort()
  const packages = manifests.map((path) => factsOf(root, path.split(sep)[1] ?? ''))
  const paths = globSync('packages/*/{src,test,bin}/**/*.{ts,tsx,js,mjs}', { cwd: root }).sort()
  const files = paths.map((path) => ({
    path,
    folder: path.split(sep)[1] ?? '',
    imports: importsOf(path, readFileSync(join(root, path), 'utf8')),
  }))
  const shared = Object.keys(readManifest(join(root, 'package.json')).devDependencies ?? {})
  return importBreaks(files, packages, shared)
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? dirname(import.meta.dirname))
  if (!existsSync(join(root, 'packages'))) throw new Error(`${root} holds no packages`)
  const breaks = readRepository(root)
  for (const line of breaks) process.stderr.write(`${line}\n`)
  process.exitCode = breaks.length > 0 ? 1 : 0
}
