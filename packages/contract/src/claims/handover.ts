import type { ClaimsOf } from './claim.ts'

/** A stop, a restart and a new version, as clients see them. */
export const HANDOVER = {
  'handover/fd': {
    behavior:
      'A listener stands on a socket of the parent process: by its number in the file, or as systemd hands it over.',
    source: 'Design, "Shutdown and handover"; sd_listen_fds(3)',
  },
  'handover/fd/real': {
    behavior:
      'An inherited socket is judged by the address it really has: beyond loopback it needs authentication, whatever the file says.',
    source: 'design §7',
  },
  'handover/fd/children': {
    behavior: 'No child of the gateway gets an inherited socket.',
    source: 'Design, "nothing leaked"',
  },
  'handover/fd/refused': {
    behavior:
      'A descriptor that is no TCP socket to listen on is refused in one sentence that names it.',
    source: 'design §7',
  },
  'handover/no-failed-call': {
    behavior:
      'A new process takes over from the running one on the same sockets and store, again and again, without a failed call.',
    source: 'Design, "Done when"',
  },
  'handover/sessions': {
    behavior: 'Legacy sessions opened before a handover are served on after it.',
    source: 'design §4',
  },
  'handover/children': {
    behavior:
      'The servers of the gateway that leaves finish their calls; the new one does not end them.',
    source: 'Design, "a new version without a failed call"',
  },
  'handover/takes-back': {
    behavior:
      'When the new process ends before it is ready, the running one goes on as before, with its lock and local socket.',
    source: 'Design, "a new version without a failed call"',
  },
  'handover/refused': {
    behavior:
      'A second gateway without inherited sockets, or on others than the running one’s, is refused with the first’s pid.',
    source: 'design §2, "Local administrator"',
  },
  'handover/audit': {
    behavior:
      'Both processes record calls meanwhile, each in a chain of its own, and the log verifies.',
    source: 'design §4',
  },
  'handover/idle': {
    behavior:
      'An open connection is answered once more by the process that leaves, with `connection: close`, and never cut in the middle.',
    source: 'RFC 9112 §9.6',
  },
  'handover/stdio': {
    behavior: 'Clients over the local socket go on with the process that took over.',
    source: 'design §2, "Local administrator"',
  },
  'handover/systemd': {
    behavior:
      'With a systemd socket a restart refuses no connection: what arrives meanwhile waits and is answered.',
    source: 'Design, "a new version without a failed call"',
  },
  'handover/rolling': {
    behavior:
      'Two gateways on one PostgreSQL behind a proxy are restarted one after the other without a failed call.',
    source: 'Design, "Done when"',
  },
  'handover/stop/delay': {
    behavior:
      'With `limits.stopDelay` a stop is not ready for so long before it takes no more calls, so that a proxy goes elsewhere first.',
    source: 'part 03a, "Done when", rolling restart',
  },
  'handover/stop/streams': {
    behavior: 'A stop ends open streams at once and keeps the sessions they belong to valid.',
    source: 'design §4; Design, "Shutdown and handover"',
  },
  'handover/stop/late': {
    behavior:
      'A call on an open connection is still answered while others drain; after the drain time it is refused as `shutting_down`.',
    source: 'Design, "Shutdown and handover"',
  },
  'handover/stop/outlasted': {
    behavior:
      'A call that outlasts the drain time is answered with `shutting_down` and whether it may have acted.',
    source: 'Design, "Shutdown and handover"; design §2, "Errors on the wire"',
  },
  'handover/stop/hung': {
    behavior: 'A server that ignores its end is killed, and the gateway ends with 0 all the same.',
    source: 'Design, "Supervision"',
  },
} as const satisfies ClaimsOf<'handover'>
