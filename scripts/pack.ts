/**
 * Bundles the command, all workspaces and their dependencies into `packages/cli/dist/`, so that the packed
 * command installs nothing else. Run by npm before packing (`prepack`).
 */
import { copyFileSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown, type OutputChunk } from 'rolldown'

const ROOT = dirname(import.meta.dirname)
const CLI = join(ROOT, 'packages/cli')
const DIST = join(CLI, 'dist')

/** Programs of their own: the command, and what runs on worker threads. */
const ENTRIES = {
  main: join(CLI, 'src/main.ts'),
  'audit-worker': join(ROOT, 'packages/kit/src/store/worker.ts'),
}

/** Native or platform-bound parts that their packages themselves treat as optional. */
const ABSENT = ['pg-native', 'pg-cloudflare', 'cloudflare:sockets']

async function main(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true })
  const chunks = await bundle()
  const packages = packagesOf(chunks)
  writeFileSync(join(DIST, 'THIRD-PARTY-LICENSES.txt'), licenceText(packages))
  copyFileSync(join(ROOT, 'LICENSE'), join(CLI, 'LICENSE'))
  const bytes = chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0)
  process.stderr.write(
    `bundled ${chunks.length} files, ${Math.round(bytes / 1_024)} KiB, ${packages.length} packages\n`,
  )
}

async function bundle(): Promise<OutputChunk[]> {
  await using build = await rolldown({
    input: ENTRIES,
    platform: 'node',
    external: ABSENT,
    // A cycle or an unresolved import must not become a surprise at run time.
    onLog(level, log, handle) {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
      handle(level, log)
    },
  })
  const { output } = await build.write({
    dir: DIST,
    format: 'esm',
    minify: 'dce-only',
    // Flat, so that the code finds its workers beside itself whatever chunk it is in.
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  return output.filter((file) => file.type === 'chunk')
}

interface Bundled {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly text: string
}

/** The packages that code was taken from, by name. */
function packagesOf(chunks: readonly OutputChunk[]): Bundled[] {
  const folders = new Set(
    chunks.flatMap(({ modules }) =>
      Object.entries(modules).flatMap(([id, module]) =>
        (module.renderedLength ?? 0) > 0 ? (packageFolder(id) ?? []) : [],
      ),
    ),
  )
  return [...folders].map(readPackage).sort((a, b) => a.name.localeCompare(b.name))
}

const PACKAGE_FOLDER = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/

function packageFolder(id: string): string | undefined {
  return PACKAGE_FOLDER.exec(id.replace(/^\0/, ''))?.[0]
}

function readPackage(folder: string): Bundled {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  } // npm checked it when it was installed.
  const [file] = globSync('{LICENSE,LICENCE,License,license,COPYING}*', { cwd: folder }).sort()
  return {
    name: manifest.name,
    version: manifest.version,
    licence: manifest.license ?? 'not stated',
    text: file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim(),
  }
}

function licenceText(packages: readonly Bundled[]): string {
  const list = packages.map(({ name, version, licence }) => `${name} ${version}  ${licence}`)
  const texts = packages.map(({ name, version, licence, text }) => {
    const heading = `${name} ${version} (${licence})`
    return `${heading}\n${'='.repeat(heading.length)}\n\n${text || 'The package carries no text.'}\n`
  })
  return `This program contains code of these packages.\n\n${list.join('\n')}\n\n${texts.join('\n\n')}`
}

await main()
