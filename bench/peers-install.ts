import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PEERS_FOLDER } from './gateways/peers.ts'

/**
 * Installs the peers at the versions of their lockfile, unless they are there. None of them needs an install
 * script, so none is run.
 *
 * @throws {Error} with npm's own words
 */
export function installPeers(): void {
  if (existsSync(join(PEERS_FOLDER, 'node_modules/.package-lock.json'))) return
  process.stderr.write('installing the peers\n')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const shell = process.platform === 'win32'
  const npm = spawnSync('npm', args, { cwd: PEERS_FOLDER, encoding: 'utf8', shell })
  if (npm.status !== 0) throw new Error(`npm ci in bench/peers failed: ${npm.stderr}`)
}
