/** Several managers as one: fail-over, what may be sent again, sessions, and finding those again that were lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEALTH, json, refusal, startManagers } from './managers.ts'

const calls = (seen: readonly string[]) => seen.filter((line) => !line.endsWith(HEALTH))

test('what comes one after the other goes to one manager, what comes at once to all', async () => {
  const { managers, get, outcomeOf, clock } = startManagers()
  for (let index = 0; index < 3; index += 1) assert.equal(await outcomeOf(get()), 'm0')
  let open = 0
  for (const manager of managers)
    manager.answer = async () => {
      open += 1
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000))
      return undefined
    }
  const all = Promise.all([get(), get(), get()])
  await clock.advance(3_000)
  assert.equal(open, 3)
  assert.deepEqual((await all).map(({ from }) => from).sort(), ['m0', 'm1', 'm2'])
})

test('a manager that refuses connections is left for another, told as down, and used again when it answers', async () => {
  const { managers, get, outcomeOf, clock, nsx, told } = startManagers({ managers: 2 })
  managers[0]?.faults.down(true)
  assert.equal(await outcomeOf(get()), 'm1')
  assert.deepEqual(
    nsx.endpoints().map(({ health, reason }) => `${health} ${reason?.code ?? ''}`.trim()),
    ['down TRANSPORT_REFUSED', 'unknown'].map((words, index) => (index === 0 ? words : 'up')),
  )
  assert.equal(told.at(0)?.[0]?.health, 'down')
  // Nothing is sent there but a probe now and then.
  const before = managers[0]?.seen.length
  assert.equal(await outcomeOf(get()), 'm1')
  assert.equal(managers[0]?.seen.length, before)
  managers[0]?.faults.down(false)
  await clock.advance(31_000)
  await outcomeOf(get())
  await clock.advance(100)
  assert.equal(nsx.endpoints()[0]?.health, 'up')
  assert.equal(await outcomeOf(get()), 'm0')
})

test('probes of a lost manager are spread by a back-off, however many calls come', async () => {
  const { managers, get, outcomeOf, clock } = startManagers({ managers: 2 })
  const [lost] = managers
  assert.equal(await outcomeOf(get()), 'm0')
  if (lost !== undefined) lost.isHealthy = false
  lost?.faults.down(true)
  await outcomeOf(get())
  lost?.faults.down(false)
  const before = lost?.seen.length ?? 0
  for (let seconds = 0; seconds < 120; seconds += 1) {
    void get()
    await clock.advance(1_000)
  }
  const probes = (lost?.seen.length ?? 0) - before
  assert.ok(probes >= 4 && probes <= 12, `${probes} probes in two minutes`)
  assert.deepEqual(new Set(lost?.seen.slice(before)), new Set([`GET ${HEALTH}`]))
})

test('one that fell silent is destroyed, not used again, and a read goes elsewhere', async () => {
  const { managers, get, outcomeOf } = startManagers({ managers: 2 })
  assert.equal(await outcomeOf(get()), 'm0')
  managers[0]?.faults.blackhole(true)
  assert.equal(await outcomeOf(get()), 'm1')
  assert.equal(managers[0]?.resets, 1)
})

test('a call that is slow while others are answered says nothing against its manager', async () => {
  const { managers, get, outcomeOf, clock, nsx } = startManagers({ managers: 1 })
  const [only] = managers
  if (only !== undefined) only.answer = ({ path }) => (path === '/slow' ? new Promise(() => {}) : undefined)
  const slow = get('/slow').then(
    () => '',
    (error: { code: string }) => error.code,
  )
  for (let seconds = 0; seconds < 25; seconds += 5) {
    await outcomeOf(get())
    await clock.advance(5_000)
  }
  assert.equal(await slow, 'TRANSPORT_TIMEOUT')
  assert.equal(nsx.endpoints()[0]?.health, 'up')
  assert.equal(only?.resets, 0)
})

const reset = (managers: ReturnType<typeof startManagers>['managers']) => {
  const [first] = managers
  if (first === undefined) return
  first.answer = () => {
    first.faults.cut()
    return new Promise(() => {})
  }
}

test('a write that may have arrived is sent again only where that does no harm', async () => {
  for (const [isRepeatable, expected] of [
    [undefined, 'retry TRANSPORT_RESET'],
    [true, 'm1'],
  ] as const) {
    const { managers, nsx, outcomeOf } = startManagers({ managers: 2 })
    reset(managers)
    const write = nsx.call<{ from: string }>({
      method: 'POST',
      path: '/w',
      body: {},
      ...(isRepeatable === undefined ? {} : { isRepeatable }),
    })
    assert.equal(await outcomeOf(write), expected)
  }
  // Nothing was written to a manager that refuses connections.
  const { managers, nsx, outcomeOf } = startManagers({ managers: 2 })
  managers[0]?.faults.down(true)
  assert.equal(await outcomeOf(nsx.call({ method: 'POST', path: '/w', body: {} })), 'm1')
})

test('none answers: one probe of each a second at most, and the reason of the managers', async () => {
  const { managers, get, outcomeOf, clock } = startManagers({ managers: 2 })
  for (const { faults } of managers) faults.down(true)
  assert.equal(await outcomeOf(get()), 'retry TRANSPORT_REFUSED')
  const results = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(get())))
  assert.deepEqual(new Set(results), new Set(['retry TRANSPORT_REFUSED']))
  for (const { faults } of managers) faults.down(false)
  await clock.advance(1_100)
  assert.match(await outcomeOf(get()), /^m[01]$/)
})

test('500/98 and 503 go to another manager, 607 and 429 again, and a storm ends with the last refusal', async () => {
  for (const [status, code] of [
    [500, 98],
    [503, 98],
    [502, 0],
  ] as const) {
    const { managers, get, outcomeOf, nsx } = startManagers({ managers: 2 })
    const [first] = managers
    if (first !== undefined) first.answer = () => refusal(status, code)
    assert.equal(await outcomeOf(get()), 'm1', `${status}`)
    // It lives, and is only spared for a while.
    assert.equal(nsx.endpoints()[0]?.health, 'up')
    assert.equal(await outcomeOf(get()), 'm1')
  }
  for (const answer of [() => refusal(500, 607), () => refusal(429, 102, { 'retry-after': '1' })]) {
    const { managers, nsx, outcomeOf } = startManagers({ managers: 1 })
    const [first] = managers
    let left = 3
    if (first !== undefined)
      first.answer = () => {
        left -= 1
        return left >= 0 ? answer() : undefined
      }
    assert.equal(await outcomeOf(nsx.call({ method: 'POST', path: '/w', body: {} })), 'm0')
  }
  const { managers, get, outcomeOf } = startManagers({ managers: 1 })
  const [first] = managers
  if (first !== undefined) first.answer = () => refusal(503, 98)
  assert.equal(await outcomeOf(get()), 'retry NSX_SERVER_ERROR')
  assert.equal(calls(first?.seen ?? []).length, 6)
})

test('a write that a proxy before NSX answers with 502 is not sent again', async () => {
  const { managers, nsx, outcomeOf } = startManagers({ managers: 2 })
  const [first] = managers
  if (first !== undefined) first.answer = () => ({ status: 502, body: '<html>' })
  assert.equal(await outcomeOf(nsx.call({ method: 'POST', path: '/w', body: {} })), 'retry NSX_SERVER_ERROR')
  assert.deepEqual(calls(managers[1]?.seen ?? []), [])
})

test('an unknown certificate is asked of another manager once, and is then a matter for a person', async () => {
  const { managers, get, outcomeOf } = startManagers({ managers: 3 })
  for (const manager of managers) manager.answer = () => refusal(500, 99)
  assert.equal(await outcomeOf(get()), 'needs-person NSX_UNAUTHORIZED')
  assert.equal(managers.flatMap(({ seen }) => calls(seen)).length, 3)
})

const session = (password = 'right') =>
  ({ kind: 'session', username: 'admin', password: () => password }) as const

test('a session is made once for all that wait, on each manager its own, and ended at the close', async () => {
  const { managers, get, clock, nsx } = startManagers({ managers: 2, login: session() })
  for (const manager of managers)
    manager.answer = async ({ path }) => {
      if (path === '/x') await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000))
      return undefined
    }
  const all = Promise.all([get(), get(), get(), get()])
  await clock.advance(5_000)
  assert.equal((await all).length, 4)
  const logins = () =>
    managers.map(({ seen }) => seen.filter((line) => line === 'POST /api/session/create').length)
  assert.deepEqual(logins(), [1, 1])
  assert.deepEqual(
    managers.map(({ sessions }) => sessions.size),
    [1, 1],
  )
  await nsx.close()
  assert.deepEqual(
    managers.map(({ sessions }) => sessions.size),
    [0, 0],
  )
})

test('an expired session is made anew once, for all who find it expired', async () => {
  const { managers, get, outcomeOf, clock } = startManagers({ managers: 1, login: session() })
  assert.equal(await outcomeOf(get()), 'm0')
  const [only] = managers
  only?.sessions.clear()
  const all = Promise.all([get(), get(), get()])
  await clock.advance(2_000)
  assert.equal((await all).length, 3)
  assert.equal(only?.seen.filter((line) => line === 'POST /api/session/create').length, 2)
})

test('a session that is refused although it is new is no loop', async () => {
  const { managers, get, outcomeOf } = startManagers({ managers: 1, login: session() })
  const [only] = managers
  if (only !== undefined)
    only.answer = ({ path }) => (path.startsWith('/api/session') ? undefined : refusal(403, 403))
  assert.equal(await outcomeOf(get()), 'needs-person NSX_UNAUTHORIZED')
  assert.deepEqual(only?.seen, ['POST /api/session/create', 'GET /x', 'POST /api/session/create', 'GET /x'])
})

for (const kind of ['session', 'basic'] as const)
  test(`a wrong password (${kind}) is shown once, so that the account is not locked; another one at once`, async () => {
    let password = 'wrong'
    const login = { kind, username: 'admin', password: () => password } as const
    const { managers, get, outcomeOf, clock, nsx } = startManagers({ managers: 1, login })
    const expected = kind === 'session' ? 'needs-person NSX_SIGN_IN' : 'needs-person NSX_UNAUTHORIZED'
    assert.equal(await outcomeOf(get()), expected)
    const shown = managers[0]?.seen.length
    for (let index = 0; index < 5; index += 1) {
      assert.equal(await outcomeOf(get()), 'needs-person NSX_SIGN_IN')
      await clock.advance(60_000)
    }
    assert.equal(managers[0]?.seen.length, shown)
    password = 'right'
    assert.equal(await outcomeOf(get()), 'm0')
    password = 'wrong'
    nsx.renewed()
  })

test('what answers there is no NSX Manager: another one is asked', async () => {
  const { managers, get, outcomeOf } = startManagers({ managers: 2 })
  const [first] = managers
  if (first !== undefined) first.answer = () => ({ status: 200, body: '<html>log in</html>' })
  assert.equal(await outcomeOf(get()), 'm1')
})

test('an aborted call ends with its reason and says nothing against its manager', async () => {
  const { managers, nsx, clock } = startManagers({ managers: 1 })
  const [only] = managers
  if (only !== undefined) only.answer = () => new Promise(() => {})
  const stop = new AbortController()
  const work = nsx.call({ method: 'GET', path: '/x', signal: stop.signal })
  await clock.advance(100)
  stop.abort(new Error('ended'))
  await assert.rejects(work, /ended/)
  assert.notEqual(nsx.endpoints()[0]?.health, 'down')
  assert.equal(nsx.endpoints()[0]?.inFlight, 0)
})

test('a probe is answered by any manager; one that is not well is down', async () => {
  const { managers, nsx, clock } = startManagers({ managers: 2 })
  const [first] = managers
  if (first !== undefined) first.isHealthy = false
  await nsx.probe(new AbortController().signal)
  assert.deepEqual(
    nsx.endpoints().map(({ health }) => health),
    ['down', 'up'],
  )
  for (const manager of managers) manager.isHealthy = false
  await clock.advance(60_000)
  await assert.rejects(nsx.probe(new AbortController().signal), /none of 2 managers answers/)
})

test('a body that is no JSON object does no harm', async () => {
  const { managers, get, outcomeOf } = startManagers({ managers: 1 })
  const [only] = managers
  for (const body of ['null', '[]', '"x"', '']) {
    if (only !== undefined) only.answer = () => ({ status: 400, body })
    assert.equal(await outcomeOf(get()), 'needs-person NSX_BAD_REQUEST')
  }
  if (only !== undefined) only.answer = () => json(200, null)
  assert.equal(await outcomeOf(get().then(() => ({ from: 'null' }))), 'null')
})

test('an answer that drips for ever ends, a login that does too', async () => {
  const dripping = (clock: { setTimeout(fn: () => void, ms: number): unknown }) =>
    (async function* () {
      for (;;) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 5_000))
        yield ' '
      }
    })()
  const plain = startManagers({ managers: 1 })
  const [first] = plain.managers
  if (first !== undefined) first.answer = () => ({ status: 200, body: dripping(plain.clock) })
  assert.equal(await plain.outcomeOf(plain.get(), 200_000), 'retry TRANSPORT_TIMEOUT')
  const signing = startManagers({ managers: 1, login: session() })
  const [only] = signing.managers
  if (only !== undefined) only.answer = () => ({ status: 200, body: dripping(signing.clock) })
  assert.equal(await signing.outcomeOf(signing.get(), 200_000), 'retry TRANSPORT_TIMEOUT')
  if (only !== undefined) only.answer = () => undefined
  assert.equal(await signing.outcomeOf(signing.get()), 'm0')
})

test('a manager that asks to be left alone for minutes keeps no call from another one; where all ask it is kept', async () => {
  const { managers, get, outcomeOf, clock } = startManagers({ managers: 2 })
  const [first, second] = managers
  for (const status of [503, 429]) {
    if (first !== undefined) first.answer = () => refusal(status, 98, { 'retry-after': '300' })
    const beganMs = clock.monotonicMs()
    for (let index = 0; index < 5; index += 1) assert.equal(await outcomeOf(get()), 'm1', `${status}`)
    assert.ok(clock.monotonicMs() - beganMs < 5_000, `${clock.monotonicMs() - beganMs} ms`)
    assert.equal(calls(first?.seen ?? []).length, 1)
    first?.seen.splice(0)
    await clock.advance(301_000)
  }
  let refusals = 0
  for (const manager of managers)
    manager.answer = () => {
      refusals += 1
      return refusals <= 4 ? refusal(503, 98, { 'retry-after': '3' }) : undefined
    }
  second?.seen.splice(0)
  const beganMs = clock.monotonicMs()
  assert.match(await outcomeOf(get()), /^m[01]$/)
  assert.ok(clock.monotonicMs() - beganMs >= 3_000)
})
