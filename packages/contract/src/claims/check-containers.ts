import type { ClaimsOf } from './claim.ts'

/** What the checklist says of containers, their host, units of systemd and logs. */
export const CHECK_CONTAINERS = {
  'check/compose/restart': {
    behavior: 'A service that is not started again after the host starts fails.',
    source: 'D 29, K 47, K 48',
  },
  'check/compose/images-pinned': {
    behavior: 'An image without a version, here or in a `FROM`, fails.',
    source: 'Hangar recipe 13, line 53; D 31',
  },
  'check/compose/limits': {
    behavior: 'A service without a limit of memory or processor time fails.',
    source: 'Hangar recipe 13, line 51; S 107',
  },
  'check/compose/non-root': {
    behavior:
      'A service that runs as root fails; where only docker could tell and cannot be asked it is unproved.',
    source: 'S 105',
  },
  'check/compose/unprivileged': {
    behavior: 'A privileged service fails.',
    source: 'S 106',
  },
  'check/compose/read-only': {
    behavior: 'A service that may write to its root fails.',
    source: 'Hangar recipe 13, line 16; S 108',
  },
  'check/compose/security': {
    behavior: 'A service that keeps capabilities, may gain rights or has a way to the host fails.',
    source: 'S 108',
  },
  'check/compose/healthchecks': {
    behavior: 'A service whose health check is missing, can never fail or never succeed fails.',
    source: 'S 41; facts/gateways.md §1.3, health checks',
  },
  'check/compose/depends-on': {
    behavior:
      'A dependency without a health condition fails, and a gateway that does not wait for a server.',
    source: 'D 45; facts/gateways.md §1.3, health checks',
  },
  'check/compose/log-rotation': {
    behavior: 'A service whose log grows without end fails.',
    source: 'D 34; S 143',
  },
  'check/compose/volumes': {
    behavior: 'A store whose data is lost with its container fails.',
    source: 'Hangar recipe 13, line 52; D 18',
  },
  'check/compose/ports': {
    behavior:
      'A published data store or server fails, and a gateway or anything undeclared beyond loopback.',
    source: 'D 13-15; S 98; the exposure document',
  },
  'check/compose/internal': {
    behavior: 'A server or store that is reached past the networks of the deployment fails.',
    source: 'D 15; S 99',
  },
  'check/compose/running': {
    behavior: 'A service without a container that runs fails; without docker it is unproved.',
    source: 'S 40',
  },
  'check/compose/healthy': {
    behavior:
      'A service that docker does not find healthy fails, also where nothing checks it; without docker it is unproved.',
    source: 'S 41; D 48; facts/gateways.md §1.3, the validator is fail-open',
  },
  'check/compose/no-restarts': {
    behavior: 'A container that is started again and again fails.',
    source: 'S 42',
  },
  'check/compose/token-survives': {
    behavior: 'A token that is in the shell alone, or nowhere, fails.',
    source: 'the exposure document: the token survives restarts',
  },
  'check/compose/mounts': {
    behavior: 'A mounted file that is missing fails, and a path of a mounted configuration.',
    source: 'facts/gateways.md §1.3, TLS and monitoring',
  },
  'check/host/docker': {
    behavior: 'A docker older than 20.10 fails; one that is absent or silent is unproved.',
    source: 'S 6',
  },
  'check/host/compose': {
    behavior: 'A docker compose older than 2.0 fails; none is unproved.',
    source: 'S 7',
  },
  'check/host/memory': {
    behavior: 'Less than 4 GB of memory fails, also where a control group leaves less.',
    source: 'S 8',
  },
  'check/host/disk': {
    behavior: 'Less than 10 GiB free on any disk that is written to fails.',
    source: 'S 9; D 33',
  },
  'check/host/registry': {
    behavior: 'A registry of an image that does not answer fails.',
    source: 'S 10',
  },
  'check/host/firewall': {
    behavior:
      'A firewall that lets in what no rule names fails, for IPv6 too; without the right to ask it is unproved.',
    source: 'S 11; D 17',
  },
  'check/host/boot': {
    behavior: 'What runs this and is not started with the host fails.',
    source: 'D 30; K 48',
  },
  'check/host/listening': {
    behavior:
      'A port that is open to others and not declared fails; where nobody declared ports it is unproved.',
    source: 'S 98; the exposure document',
  },
  'check/systemd/unit': {
    behavior:
      'A unit that does not restart, is not confined, cannot stop in peace or is refused by systemd fails.',
    source: 'K 47, K 48; systemd.exec(5)',
  },
  'check/compose/secrets-not-env': {
    behavior:
      'A secret in a compose file or a command fails, and a variable where the image takes a file.',
    source: 'S 113; facts/gateways.md §1.3, secrets',
  },
  'check/images/no-secrets': {
    behavior:
      'An image that carries a secret fails, by its Dockerfile, its layers or its variables; without docker it is unproved.',
    source: 'S 116',
  },
  'check/logs/present': {
    behavior: 'A log that nothing was written to fails; none that can be read is unproved.',
    source: 'K 46; S 268',
  },
  'check/logs/clean-start': {
    behavior: 'A warning, a failure or a panic at the last start fails.',
    source: 'D 47; S 141',
  },
  'check/logs/no-auth-errors': {
    behavior: 'A failed authentication within a day fails; that a caller was turned away does not.',
    source: 'S 50',
  },
  'check/logs/no-restart-loops': {
    behavior: 'More than three starts within ten minutes fail.',
    source: 'S 42',
  },
  'check/logs/no-secrets': {
    behavior: 'A log that holds a secret fails, and the secret is not shown.',
    source: 'K 39; S 116',
  },
  'check/logs/json': {
    behavior: 'A line of the product that is no JSON object fails.',
    source: 'Hangar recipe 13, line 37',
  },
} as const satisfies ClaimsOf<'check'>
