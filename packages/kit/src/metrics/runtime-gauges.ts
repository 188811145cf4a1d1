import { Gauge, type Registry } from 'prom-client'
import { type ServerHealthReading, StayUpGauges, type StayUpReading } from './stay-up-gauges.ts'

/** The states a server can be in, as shown in metrics. */
export const SERVER_STATES = [
  'cold',
  'starting',
  'ready',
  'degraded',
  'draining',
  'blocked',
] as const

export interface ServerReading extends ServerHealthReading {
  readonly state: (typeof SERVER_STATES)[number]
  readonly inFlight: number
  /** Calls that wait for a place. */
  readonly queued?: number
}

/** What a part of the gateway holds at this moment. */
export interface RuntimeReading extends StayUpReading {
  readonly servers?: readonly ServerReading[]
  readonly bufferedBytes?: number
  readonly openStreams?: number
  /** Legacy sessions used within their idle time. */
  readonly legacySessions?: number
  /** Open client connections of both listeners. */
  readonly connections?: number
  /** Whether the store takes writes; 1 or 0 when shown. */
  readonly storeWritable?: boolean
}

/** Gauges that are read when asked for, so that keeping them costs a call nothing. */
export class RuntimeGauges {
  readonly #sources = new Set<() => RuntimeReading>()
  readonly #gauges: ReturnType<typeof createGauges>
  readonly #stayUp: StayUpGauges

  constructor(registry: Registry) {
    this.#gauges = createGauges(registry)
    this.#stayUp = new StayUpGauges(registry)
  }

  watch(read: () => RuntimeReading): () => void {
    this.#sources.add(read)
    return () => void this.#sources.delete(read)
  }

  refresh(): void {
    const readings = [...this.#sources].map((read) => read())
    const gauges = this.#gauges
    gauges.bufferedBytes.set(sum(readings.map((reading) => reading.bufferedBytes)))
    gauges.openStreams.set(sum(readings.map((reading) => reading.openStreams)))
    gauges.legacySessions.set(sum(readings.map((reading) => reading.legacySessions)))
    gauges.connections.set(sum(readings.map((reading) => reading.connections)))
    gauges.storeWritable.set(readings.every((reading) => reading.storeWritable !== false) ? 1 : 0)
    const servers = readings.flatMap((reading) => reading.servers ?? [])
    this.#refreshServers(servers)
    this.#stayUp.refresh(readings, servers)
  }

  #refreshServers(servers: readonly ServerReading[]): void {
    const { state, inFlight, queued } = this.#gauges
    // A server that left the configuration leaves the metrics.
    for (const gauge of [state, inFlight, queued]) gauge.reset()
    for (const server of servers) {
      inFlight.set({ server: server.name }, server.inFlight)
      queued.set({ server: server.name }, server.queued ?? 0)
      for (const known of SERVER_STATES) {
        state.set({ server: server.name, state: known }, known === server.state ? 1 : 0)
      }
    }
  }
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0)
}

function createGauges(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `sallyport_${name}`, help, labelNames, registers: [registry] })
  return {
    state: gauge('server_state', '1 for the state a server is in, 0 for the others.', [
      'server',
      'state',
    ]),
    inFlight: gauge('calls_in_flight', 'Calls a server is working on.', ['server']),
    queued: gauge('calls_queued', 'Calls that wait for a place at a server.', ['server']),
    bufferedBytes: gauge('buffered_bytes', 'Bytes of queued bodies, results and unread streams.'),
    openStreams: gauge('open_streams', 'Event streams open to clients.'),
    legacySessions: gauge('legacy_sessions', 'Sessions of clients before revision 2026-07-28.'),
    connections: gauge('client_connections', 'Open connections of clients.'),
    storeWritable: gauge('store_writable', '1 while the store takes writes.'),
  }
}
