import { expect, test } from 'vitest'
import { toRunService } from './run-arguments.ts'

const run = (text: string) => toRunService('a', text.split(' '), { at: 'x', folder: '/srv' })

test('options of `docker run` are read whichever way they are written', () => {
  const service = run(
    'run -i --rm -m512m --cpus=0.5 -u 1000:1000 --read-only --cap-drop ALL --security-opt=no-new-privileges --network none -e TOKEN -eMODE=x --mount type=bind,src=/data,dst=/d,readonly -v ./here:/h -p 127.0.0.1:1:1 mcp/files:1.2 --verbose /d',
  )
  expect(service).toMatchObject({
    ...{
      image: 'mcp/files:1.2',
      command: ['--verbose', '/d'],
      memoryLimit: '512m',
      cpuLimit: '0.5',
    },
    ...{ user: '1000:1000', readOnly: true, privileged: false, capDrop: ['ALL'] },
    ...{ securityOpt: ['no-new-privileges'], networkMode: 'none' },
  })
  expect(
    service?.mounts.map(({ type, source, target, readOnly }) => [type, source, target, readOnly]),
  ).toEqual([
    ['bind', '/srv/here', '/h', false],
    ['bind', '/data', '/d', true],
  ])
  expect(
    [...(service?.environment ?? [])].map(([name, { value, from }]) => [name, value, from]),
  ).toEqual([
    ['TOKEN', undefined, 'reference'],
    ['MODE', 'x', 'literal'],
  ])
  expect(service?.ports).toHaveLength(1)
})

test('what runs no image is no service', () => {
  expect(run('exec -i other node x.js')).toBeUndefined()
  expect(run('run --rm')).toBeUndefined()
  expect(run('container run --privileged x')).toMatchObject({ image: 'x', privileged: true })
})
