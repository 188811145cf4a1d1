import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { parseWebUrl } from './slack-urls.ts'
import { serverName } from './name.ts'
import { parsedText } from './text.ts'
import { duration, size } from './units.ts'

const FILES_MAX = 100

const path = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^\0]*$/, 'the path holds a NUL character')

const paths = (description: string) => z.array(path).max(FILES_MAX).optional().meta({ description })

const webUrl = parsedText({
  parse: parseWebUrl,
  expected: 'an http or https URL without user, query and fragment',
  remedy: 'write it like `http://127.0.0.1:9090`',
})

const password = z
  .string()
  .min(1)
  .max(1_024)
  .transform((text) => new Secret(text))

const call = z.strictObject({
  tool: z.string().min(1).max(256).meta({ description: 'Its own name of a harmless tool.' }),
  arguments: z
    .record(z.string(), z.unknown())
    .prefault({})
    .meta({ description: 'Arguments of that call.' }),
})

const prometheus = z.strictObject({
  url: webUrl.optional().meta({ description: 'Where it answers.' }),
  config: path.optional().meta({ description: 'Its configuration file.' }),
})

const alertmanager = z.strictObject({
  url: webUrl.optional().meta({ description: 'Where it answers.' }),
  config: path.optional().meta({ description: 'Its configuration file.' }),
})

const grafana = z.strictObject({
  url: webUrl.meta({ description: 'Where it answers.' }),
  user: z.string().min(1).max(256).default('admin').meta({ description: 'Who looks.' }),
  password: password
    .optional()
    .meta({ description: 'Password of that user, by reference.', 'x-kind': 'secret' }),
})

const slack = z.strictObject({
  url: webUrl.optional().meta({
    description: 'Where the Slack server is reached; through the gateway where it runs behind one.',
  }),
  token: password
    .optional()
    .meta({ description: 'A token that may call it, by reference.', 'x-kind': 'secret' }),
})

const backups = z
  .strictObject({
    folder: path.meta({ description: 'Where they are.' }),
    every: duration({
      min: '1m',
      max: '31d',
      fallback: '26h',
      description: 'The newest may be no older than that.',
    }),
    keep: duration({
      min: '1d',
      max: '3650d',
      fallback: '30d',
      description: 'How long they are kept.',
    }),
    restoredWithin: duration({
      min: '1d',
      max: '366d',
      fallback: '92d',
      description: 'A restore must have been proved within that time.',
    }),
    offsite: path
      .optional()
      .meta({ description: 'A folder on another machine that holds copies, such as a mount.' }),
  })
  .transform(({ every, keep, restoredWithin, ...rest }) => ({
    ...rest,
    everyMs: every,
    keepMs: keep,
    restoredWithinMs: restoredWithin,
  }))

const objectives = z
  .strictObject({
    rto: duration({
      min: '1s',
      max: '7d',
      description: 'Recovery time objective: drills that recover must take no longer.',
    }).optional(),
    rpo: duration({
      min: '1s',
      max: '31d',
      description: 'Recovery point objective: the newest backup may be no older.',
    }).optional(),
    critical: z.array(serverName).max(1_000).optional().meta({
      description: 'Servers and groups that must outlive the loss of one member; `[]` = none.',
    }),
    p95: duration({
      min: '1ms',
      max: '10m',
      fallback: '500ms',
      description: 'Of health checks and calls, 95 in 100 must be answered within that time.',
    }),
    memory: size({
      min: '16MiB',
      max: '1TiB',
      fallback: '1GiB',
      description: 'The gateway may hold no more memory than that.',
    }),
  })
  .prefault({})
  .transform(({ rto, rpo, p95, memory, ...rest }) => ({
    ...rest,
    rtoMs: rto,
    rpoMs: rpo,
    p95Ms: p95,
    memoryBytes: memory,
  }))

const drills = z
  .strictObject({
    every: duration({
      min: '1d',
      max: '366d',
      fallback: '92d',
      description: 'A drill is overdue when its last run is older.',
    }),
    calls: z.record(serverName, call).prefault({}).meta({
      description:
        'Harmless calls that drills make, by server or group; without one, that of its `health`.',
    }),
  })
  .prefault({})
  .transform(({ every, calls }) => ({ everyMs: every, calls }))

/** What the checklist looks at beside the gateway itself. Paths are relative to the file. */
export const checklist = z
  .strictObject({
    profile: z.enum(['local', 'compose', 'kubernetes']).optional().meta({
      description:
        'How this is run; without it, `compose` where a compose file is found, else `local`.',
    }),
    folders: z.array(path).max(20).prefault(['.']).meta({
      description: 'Folders of the deployment, in which files are looked for by their usual names.',
    }),
    compose: paths('Compose files; by default those with usual names in `folders`.'),
    environmentFiles: paths('Environment files; by default `.env` and `.env.*` in `folders`.'),
    proxies: paths('Files of nginx and Caddy; by default those with usual names in `folders`.'),
    units: paths('systemd units; by default `*.service` in `folders`.'),
    ca: path.optional().meta({
      description: 'A PEM file of authorities to trust while looking at `publicUrl`.',
    }),
    ports: z.array(z.int().min(1).max(65_535)).max(100).optional().meta({
      description: 'Ports of this host that others may reach, such as `[22, 80, 443]`.',
    }),
    prometheus: prometheus.optional().meta({ description: 'The Prometheus that watches this.' }),
    alertmanager: alertmanager.optional().meta({ description: 'Where alerts go.' }),
    grafana: grafana.optional().meta({ description: 'Where figures are shown.' }),
    redis: password.optional().meta({
      description:
        'URL of a Redis that is part of this, such as `redis://:password@127.0.0.1:6379`, by reference.',
      'x-kind': 'secret',
    }),
    backups: backups
      .optional()
      .meta({ description: 'Where backups are, and what is expected of them.' }),
    slack: slack.optional().meta({ description: 'How the Slack server is looked at.' }),
    logs: paths('Log files of the deployment.'),
    scans: paths('Results of vulnerability scanners, as SARIF or JSON.'),
    scannedWithin: duration({
      min: '1h',
      max: '366d',
      fallback: '31d',
      description: 'A scan is stale when it is older.',
    }),
    objectives: objectives.meta({ description: 'What this deployment is to hold.' }),
    drills: drills.meta({ description: 'How drills are run.' }),
  })
  .prefault({})
  .transform(({ scannedWithin, ...rest }) => ({ ...rest, scannedWithinMs: scannedWithin }))
  .meta({ description: 'What the checklist (`check`) looks at beside the gateway itself.' })

/** See {@link checklist}. */
export type ChecklistSettings = z.output<typeof checklist>
