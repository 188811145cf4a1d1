import { z } from 'zod'
import { duration, optionalCount, size } from './units.ts'

/** What one child process may use; undefined = as much as the host lets it. */
export interface CapsConfig {
  readonly memoryBytes: number | undefined
  readonly processes: number | undefined
  readonly openFiles: number | undefined
  /** CPU time over its whole life, milliseconds; whole seconds are enforced. */
  readonly cpuMs: number | undefined
}

/** Caps of a child process. One that cannot be enforced on this host refuses the server's start. */
export const caps = z
  .strictObject({
    memory: size({
      min: '8MiB',
      max: '1TiB',
      description:
        'Memory of a child with all its descendants; needs Linux with a writable cgroup that has the memory controller.',
    }).optional(),
    processes: optionalCount({
      min: 1,
      max: 100_000,
      unit: 'processes',
      description:
        'Processes and threads of a child with all its descendants; needs Linux with a writable cgroup that has the pids controller.',
    }),
    openFiles: optionalCount({
      min: 16,
      max: 1_000_000,
      unit: 'files',
      description:
        'Files and sockets each of its processes may have open; needs `prlimit` (util-linux).',
    }),
    cpuTime: duration({
      min: '1s',
      max: '30d',
      description:
        'CPU time each of its processes may use in its whole life; needs `prlimit` (util-linux).',
    }).optional(),
  })
  .transform(({ memory, processes, openFiles, cpuTime }): CapsConfig => {
    return { memoryBytes: memory, processes, openFiles, cpuMs: cpuTime }
  })
  .meta({
    description:
      'What a child may use. A cap that this host cannot enforce refuses the start of the server and says what is missing.',
  })
