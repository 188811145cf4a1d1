import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os'

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlay',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
}

/** What figures mean nothing without. */
export function describeMachine(): string[] {
  const all = cpus()
  const load = loadavg()[0] ?? 0
  return [
    `${all.length} cores of ${all[0]?.model ?? 'an unknown processor'}, shared by the load client, the gateway and the server`,
    `${(totalmem() / 1e9).toFixed(0)} GB memory, ${platform()} ${release()} ${arch()}, audit log on ${fileSystem()}`,
    `Node ${process.version}`,
    `load average before the run ${load.toFixed(2)}${load > 0.5 ? ': **other work was running, expect noise**' : ''}`,
    `Sallyport ${commit()}, ${new Date().toISOString().slice(0, 10)}`,
  ]
}

function fileSystem(): string {
  const { type } = statfsSync(tmpdir())
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`
}

function commit(): string {
  try {
    const args = ['-C', import.meta.dirname, 'describe', '--always', '--dirty']
    return `commit ${execFileSync('git', args, { encoding: 'utf8' }).trim()}`
  } catch {
    return 'from an unpacked archive' // no git, or no repository
  }
}
