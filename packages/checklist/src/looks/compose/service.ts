/** One service of a compose deployment, as compose would run it. Every `at` is like `compose.yaml:12`. */
export interface ComposeService {
  readonly name: string
  /** The project that it is part of. */
  readonly project: string
  /** Where the service stands, or one of its keys (`ports`); the service where it has no such key. */
  at(key?: string): string
  readonly image: string | undefined
  readonly build: ComposeBuild | undefined
  readonly ports: readonly ComposePort[]
  /** By name, with what `env_file` adds. */
  readonly environment: ReadonlyMap<string, ComposeEnvironment>
  readonly envFiles: readonly ComposeFile[]
  readonly mounts: readonly ComposeMount[]
  /** Secrets and configs, which stand in the container as files. */
  readonly secrets: readonly ComposeFileUse[]
  readonly configs: readonly ComposeFileUse[]
  /** As written: `512m`, `0.5`; undefined where nothing limits it. */
  readonly memoryLimit: string | undefined
  readonly cpuLimit: string | undefined
  readonly user: string | undefined
  readonly readOnly: boolean
  readonly privileged: boolean
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly securityOpt: readonly string[]
  readonly devices: readonly string[]
  readonly networkMode: string | undefined
  readonly pid: string | undefined
  readonly ipc: string | undefined
  /** `default` where it names none. */
  readonly networks: readonly string[]
  readonly healthcheck: ComposeHealthcheck | undefined
  readonly dependsOn: readonly ComposeDependency[]
  readonly restart: string | undefined
  readonly logging: ComposeLogging | undefined
  readonly command: readonly string[]
  readonly entrypoint: readonly string[]
  /** Started only with one of these; always where there is none. */
  readonly profiles: readonly string[]
  /** Whether it is no service but a server that the gateway runs by `docker run`. */
  readonly isServer?: boolean
  /** What could not be followed (`extends`), so that more may hold than is known here. */
  readonly gap: string | undefined
}

/** What an image is built from. */
export interface ComposeBuild {
  /** Absolute, or a URL. */
  readonly context: string
  /** Absolute path of the Dockerfile; undefined where the context is a URL. */
  readonly dockerfile: string | undefined
  /** Values may be secrets: compare them, never show them. */
  readonly args: ReadonlyMap<string, ComposeBuildArgument>
  readonly at: string
}

/** A value that a build is given; undefined where it is passed on and not set. */
export interface ComposeBuildArgument {
  readonly value: string | undefined
  readonly at: string
}

/** A port that is published on the host. */
export interface ComposePort {
  /** Address on the host; `0.0.0.0` where none is named, which is every one. */
  readonly address: string
  /** As written, such as `8080` or `8000-8010`; undefined = compose takes a free one. */
  readonly published: string | undefined
  /** Inside the container, as written. */
  readonly target: string
  readonly protocol: string
  readonly at: string
}

/** A variable that a container is given. Its value may be a secret: compare it, never show it. */
export interface ComposeEnvironment {
  /** Undefined where it is passed on and not set. */
  readonly value: string | undefined
  /** `literal`: stands in the compose file; `reference`: by `${...}` or passed on; `file`: in an `env_file`. */
  readonly from: 'literal' | 'reference' | 'file'
  readonly at: string
}

/** A file of variables that a service names. */
export interface ComposeFile {
  /** Absolute. */
  readonly path: string
  readonly required: boolean
  readonly at: string
}

/** What stands at a path of the container. */
export interface ComposeMount {
  readonly type: 'volume' | 'bind' | 'tmpfs' | 'other'
  /** Absolute path of a bind, name of a volume; undefined for an anonymous volume and for tmpfs. */
  readonly source: string | undefined
  readonly target: string
  readonly readOnly: boolean
  readonly at: string
}

/** A secret or config that a service takes. */
export interface ComposeFileUse {
  readonly source: string
  /** In the container. */
  readonly target: string
  readonly at: string
}

/** How docker is told to look for the health of a service. */
export interface ComposeHealthcheck {
  readonly disabled: boolean
  /** `['CMD', ...]`, `['CMD-SHELL', text]` or `['NONE']`; undefined = the image's own. */
  readonly test: readonly string[] | undefined
  readonly at: string
}

/** A service that another one needs, and what it waits for. */
export interface ComposeDependency {
  readonly service: string
  readonly condition: string
  readonly at: string
}

/** Where a service logs to. */
export interface ComposeLogging {
  /** Undefined = the daemon's own. */
  readonly driver: string | undefined
  readonly options: ReadonlyMap<string, string>
  readonly at: string
}
