/** The manager's page in a real browser, against the sandbox: what a person sees, does, and is told when something is gone. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createNsxUser, groupPath } from '../../src/sandbox/nsx-user.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import { GROUPS, POLICIES, SERVICES } from '../../src/sandbox/scenario-policy.ts'
import type { SandboxPlaces } from '../../src/sandbox/start.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { type Browser, findChromium, startBrowser, type Tab } from './browser.ts'
import { folder, type Program, start, until } from './process.ts'

const chromium = findChromium()
const isRequired = process.env['REAL_TIER'] === 'required'
const skip =
  chromium === undefined && !isRequired
    ? 'no Chromium: install chromium-headless-shell, or name one with CHROMIUM'
    : false

/** Text that would be markup, were it not text. */
const HOSTILE = '<img src=x onerror="window.taken=1"><script>window.taken=2</script>'

interface Started {
  readonly program: Program
  readonly places: SandboxPlaces
  readonly rest: Rest
}

async function startSandbox(context: TestContext, managerPort = 0): Promise<Started> {
  const readyFile = join(folder(context), 'ready.json')
  const program = start(context, [
    'sandbox',
    '--ready-file',
    readyFile,
    '--manager-port',
    String(managerPort),
  ])
  const words = () => program.stdout() + program.stderr()
  await until('the sandbox', () => existsSync(readyFile), 20_000, words)
  const places = JSON.parse(readFileSync(readyFile, 'utf8')) as SandboxPlaces
  const { url, ca, user, password } = places.manager
  const http = createHttpClient({ origin: url, tls: { ca: readFileSync(ca, 'utf8') } })
  context.after(() => http.close())
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return { program, places, rest: createRest(http, { authorization }) }
}

/** The shop's policies, machines, and names that are an attack. */
async function fill({ rest, places }: Started): Promise<void> {
  const nsx = createNsxUser(rest, places.cluster_id)
  for (const [id, group] of Object.entries(GROUPS)) await nsx.putGroup(id, group)
  for (const [id, service] of Object.entries(SERVICES)) await nsx.putService(id, service)
  for (const [id, policy] of Object.entries(POLICIES)) await nsx.putPolicy(id, policy)
  const machine = (id: string, name: string) =>
    rest.call('PUT', `/api/v1/fabric/virtual-machines/${id}`, {
      display_name: name,
      tags: [{ scope: 'tier', tag: 'db' }],
      power_state: 'VM_RUNNING',
      ip_addresses: ['192.0.2.10'],
    })
  await machine('vm-1', 'database-1')
  await machine('vm-2', HOSTILE)
  const vms = { member_type: 'VirtualMachine', key: 'Tag', operator: 'EQUALS', value: 'tier|db' }
  await nsx.putGroup('machines', {
    resource_type: 'Group',
    display_name: HOSTILE,
    expression: [{ resource_type: 'Condition', ...vms }],
  } as never)
  await nsx.putPolicy('hostile', {
    ...POLICIES.web,
    display_name: HOSTILE,
    description: HOSTILE,
    scope: [groupPath('frontend')],
  } as never)
}

async function signIn(tab: Tab, { user, password }: { user: string; password: string }): Promise<void> {
  await tab.wait('the form', `document.activeElement?.id === 'user'`)
  await tab.type(user)
  await tab.press('Tab')
  await tab.type(password)
  await tab.press('Enter')
}

const has = (text: string) => `document.querySelector('main')?.innerText.includes(${JSON.stringify(text)})`
const rowsOf = `[...document.querySelectorAll('main tbody tr')].map((row) => row.innerText)`

test('the page', { skip }, async (context) => {
  assert.ok(chromium, 'a Chromium is needed here: install chromium-headless-shell')
  const sandbox = await startSandbox(context)
  await fill(sandbox)
  const browser: Browser = await startBrowser(chromium)
  context.after(() => browser.close())
  const { url } = sandbox.places.manager
  const tab = await browser.open(`${url}/`)
  const clean = () => {
    assert.deepEqual(tab.troubles, [])
    assert.deepEqual(
      tab.requests.filter((one) => !one.startsWith(`${url}/`) && !one.startsWith('blob:')),
      [],
    )
  }

  await context.test('a wrong password is told, and nothing of it is kept', async () => {
    await signIn(tab, { user: 'admin', password: 'wrong' })
    await tab.wait('the refusal', has('do not belong together'))
    assert.equal(await tab.run(`document.querySelector('#password').value`), '')
    assert.equal(await tab.run(`JSON.stringify({...sessionStorage, ...localStorage})`), '{}')
  })

  await context.test('signing in shows the clusters with their health', async () => {
    await tab.run(`document.querySelector('#user').value = ''; document.querySelector('#user').focus()`)
    await signIn(tab, sandbox.places.manager)
    await tab.wait(
      'the cluster',
      `${rowsOf}.some((row) => row.includes('sandbox') && row.includes('Healthy'))`,
    )
    const kept = await tab.run<string>(`JSON.stringify({...sessionStorage, ...localStorage})`)
    assert.ok(!kept.includes(sandbox.places.manager.password))
    await tab.goto('#/clusters/sandbox')
    for (const word of ['MP_CONNECTED', 'CCP_SESSION_STATE_UP', 'CONTROLLER_HEALTHY', 'node-3', 'Registered'])
      await tab.wait(word, has(word))
  })

  await context.test('each list shows what the API holds, and search narrows it', async () => {
    type List = { result_count: number; results: { display_name: string }[] }
    const lists = {
      'inventory/pods': 'container-application-instances',
      'inventory/services': 'container-applications',
      'inventory/namespaces': 'container-projects',
      'inventory/nodes': 'container-cluster-nodes',
      'inventory/network-policies': 'container-network-policies',
      machines: 'virtual-machines',
    }
    for (const [address, path] of Object.entries(lists)) {
      await tab.goto(`#/${address}`)
      const held = await sandbox.rest.get<List>(`/api/v1/fabric/${path}`)
      const names = held.results.map((one) => one.display_name).sort()
      assert.ok(names.length > 0, path)
      const shown = `[...document.querySelectorAll('main tbody th')].map((cell) => cell.innerText).sort()`
      await tab.wait(address, `JSON.stringify(${shown}) === ${JSON.stringify(JSON.stringify(names))}`)
    }
    await tab.goto('#/inventory/pods')
    await tab.wait('pods', has('prometheus'))
    await tab.press('/')
    await tab.type('cart')
    await tab.wait(
      'the cart alone',
      `${rowsOf}.length === 2 && ${rowsOf}.every((row) => row.startsWith('cart-'))`,
    )
    assert.equal(await tab.run('document.activeElement.id'), 'search', 'the search keeps the focus')
    assert.equal(await tab.run(`document.querySelector('#live').textContent`), '2 Pods')
    await tab.run(`document.querySelector('#search').select()`)
    await tab.type('no such (pod) "*')
    await tab.wait('nothing', has('Nothing matches'))
  })

  await context.test('a policy shows its realization and statistics for each cluster', async () => {
    await tab.goto('#/policies')
    await tab.wait(
      'realized',
      `${rowsOf}.some((row) => row.startsWith('backend') && row.includes('Realized'))`,
    )
    await tab.goto('#/policies/default/backend')
    for (const word of [
      'from-frontend',
      'reject-payments',
      'Realized',
      'on 3 of 3 nodes',
      'Counted in sandbox alone since ',
    ])
      await tab.wait(word, has(word))
    await sandbox.rest.call('PATCH', '/policy/api/v1/infra/domains/default/security-policies/web', {
      stateful: false,
      ...POLICIES.web,
    })
    await tab.goto('#/policies/default/web')
    await tab.wait(
      'why it is refused',
      `[...document.querySelectorAll('main tr')].some((row) => row.innerText.startsWith('STATELESS'))`,
    )
    assert.ok(await tab.run(has('Error')))
  })

  await context.test('a group shows its effective members, and who uses it', async () => {
    await tab.goto('#/groups/default/frontend')
    await tab.wait('three Pods', `document.querySelectorAll('main tbody tr').length === 3`)
    await tab.wait('its users', has('from-frontend'))
    await tab.goto('#/groups/default/machines')
    await tab.wait('machines', has('database-1'))
    await tab.goto('#/groups/default/machines?kind=ip-addresses')
    await tab.wait('addresses', has('192.0.2.10'))
  })

  await context.test('names from outside are text and nothing else', async () => {
    for (const address of [
      'machines',
      'groups',
      'policies',
      'policies/default/hostile',
      'groups/default/machines',
      'machines/vm-2',
    ]) {
      await tab.goto(`#/${address}`)
      await tab.wait(address, has(HOSTILE))
      assert.equal(await tab.run(`document.querySelectorAll('img, #app script').length`), 0, address)
    }
    assert.equal(await tab.run('typeof window.taken'), 'undefined')
  })

  await context.test(
    'a traceflow is run by keys alone, and its path is drawn to where it was dropped',
    async () => {
      await tab.goto('#/traceflow')
      await tab.wait('the form', `document.querySelector('#trace-source')`)
      await tab.run(`document.querySelector('#trace-source').focus()`)
      await tab.type('payments-api')
      await tab.wait('a choice', `document.querySelector('#trace-source-list li')`)
      await tab.press('ArrowDown', 'Enter', 'Tab')
      await tab.type('cart')
      await tab.wait('a choice', `document.querySelector('#trace-destination-list li')`)
      await tab.press('ArrowDown', 'Enter', 'Tab', 'Tab', 'Enter')
      await tab.wait('its end', has('rule reject-payments.'), 30_000)
      const hops = await tab.run<string[]>(
        `[...document.querySelectorAll('.trace .hop')].map((hop) => hop.className)`,
      )
      assert.ok(hops.length >= 2, hops.join())
      assert.equal(hops.at(-1), 'hop dropped')
      assert.ok(await tab.run(has('Not reached')))
      assert.equal(await tab.run(`document.querySelector('.hop-who a').hash`), '#/policies/default/backend')
      assert.match(
        await tab.run(`document.querySelector('#live').textContent`),
        /Rejected on node-\d by backend/,
      )
    },
  )

  await context.test('logs are asked for and shown; the inventory is compared', async () => {
    await tab.goto('#/requests')
    await tab.wait('the form', `document.querySelector('form[aria-label="Logs"]')`)
    await tab.click('form[aria-label="Logs"] button')
    await tab.wait('lines', `document.querySelectorAll('.log .line').length > 3`, 20_000)
    await tab.wait(
      'of agents',
      `[...document.querySelectorAll('.line-source')].some((one) => one.innerText.startsWith('agent/node-'))`,
    )
    await tab.click('form[aria-label="Inventory"] button')
    await tab.wait(
      'the comparison',
      `document.querySelector('section[aria-label="The request"]')?.innerText.startsWith('Inventory comparison')`,
    )
    await tab.wait(
      'done',
      `document.querySelector('section[aria-label="The request"] .badge')?.innerText === 'Done'`,
      20_000,
    )
  })

  await context.test('a log level is changed for a while, and put back when that is cancelled', async () => {
    const request = `document.querySelector('section[aria-label="The request"]')`
    await tab.goto('#/requests')
    // The view before has the form too, and is there until this one is.
    await tab.wait('the form', `!${request} && document.querySelector('form[aria-label="Log level"]')`)
    await tab.click('form[aria-label="Log level"] button')
    await tab.wait('it runs', `${request}?.innerText.startsWith('Log level\\nRunning')`)
    await tab.click('section[aria-label="The request"] h2 button')
    await tab.wait('its end', `${request}?.innerText.startsWith('Log level\\nFailed')`)
    assert.match(await tab.run(`${request}.innerText`), /CANCELLED/)
  })

  await context.test('a support bundle is collected from a node and saved', async () => {
    await tab.run(
      `window.saved = []; URL.createObjectURL = ((real) => (blob) => { window.saved.push(blob); return real.call(URL, blob) })(URL.createObjectURL)`,
    )
    await tab.goto('#/bundles')
    await tab.wait('nodes', `document.querySelectorAll('.node-choice input').length === 3`)
    await tab.click('.node-choice input')
    await tab.wait('the button', `document.querySelector('#collect').innerText === 'Collect from 1 node'`)
    await tab.click('#collect')
    await tab.wait('the word', has('The bundle is saved'), 30_000)
    await tab.wait('the node', `${rowsOf}.some((row) => row.startsWith('node-') && row.includes('Done'))`)
    const bytes = await tab.run<number[]>(
      `window.saved[0].arrayBuffer().then((all) => [...new Uint8Array(all)])`,
    )
    // Of tar, the magic of its first header (POSIX.1, pax).
    const archive = Buffer.from(bytes)
    const tar = archive[0] === 0x1f ? gunzipSync(archive) : archive
    assert.equal(tar.subarray(257, 262).toString(), 'ustar')
  })

  await context.test('everything is reached by keys, in order, and what has the focus is seen', async () => {
    await tab.goto('#/inventory/pods')
    await tab.reload()
    await tab.wait('pods', `document.activeElement.id === 'title' && ${has('prometheus')}`)
    await tab.press('Shift+Tab')
    while ((await tab.run('document.activeElement.className')) !== 'skip') await tab.press('Shift+Tab')
    assert.equal(await tab.run('document.activeElement.innerText'), 'Skip to the content')
    await tab.press('Enter')
    assert.equal(await tab.run('document.activeElement.id'), 'main')
    const walk: string[] = []
    for (let at = 0; at < 14; at += 1) {
      await tab.press('Tab')
      walk.push(
        await tab.run(
          `(document.activeElement.innerText || document.activeElement.id || document.activeElement.tagName).trim()`,
        ),
      )
      const outline = await tab.run<string>(`getComputedStyle(document.activeElement).outlineStyle`)
      assert.notEqual(outline, 'none', walk.at(-1))
    }
    assert.deepEqual(walk.slice(0, 3), ['Pods', 'Services', 'Namespaces'])
    assert.ok(walk.includes('search'), walk.join(' | '))
    await tab.press('Shift+Tab')
    assert.equal(
      await tab.run(
        `[...document.querySelectorAll('input, select, button')].filter((e) => e.checkVisibility()).every((e) => (e.labels?.length ?? 0) > 0 || e.innerText.trim() || e.getAttribute('aria-label'))`,
      ),
      true,
      'every control has a name',
    )
    assert.equal(
      await tab.run(
        `document.querySelectorAll('main table').length === document.querySelectorAll('main table caption').length && document.querySelectorAll('main thead th:not([scope=col])').length === 0`,
      ),
      true,
    )
  })

  await context.test('dark and narrow: colours turn, nothing is wider than the window', async () => {
    const ground = `getComputedStyle(document.body).backgroundColor`
    await tab.media({ 'prefers-color-scheme': 'light' })
    const light = await tab.run(ground)
    await tab.media({ 'prefers-color-scheme': 'dark' })
    assert.notEqual(await tab.run(ground), light)
    await tab.resize(390, 800)
    for (const address of [
      'clusters',
      'clusters/sandbox',
      'inventory/pods',
      'policies/default/backend',
      'groups',
      'requests',
      'traceflow',
      'bundles',
    ]) {
      await tab.goto(`#/${address}`)
      await tab.wait(address, `document.querySelector('main')?.getAttribute('aria-busy') === null`)
      assert.ok(await tab.run('document.documentElement.scrollWidth <= innerWidth'), `${address} fits`)
    }
    await tab.resize(1_280, 860)
  })

  await context.test('a session that has ended asks to sign in, and the place is kept', async () => {
    await tab.goto('#/clusters')
    await tab.wait('the cluster', `${rowsOf}.some((row) => row.startsWith('sandbox'))`)
    await tab.run(
      `fetch('/api/session/destroy', { method: 'POST', headers: { 'x-xsrf-token': sessionStorage.getItem('antrea-nsx-manager.xsrf') } }).then((r) => r.status)`,
    )
    await tab.wait('the word', has('The session has ended'), 15_000)
    await signIn(tab, sandbox.places.manager)
    await tab.wait('the cluster again', has('sandbox'))
    assert.equal(await tab.run('location.hash'), '#/clusters')
  })

  await context.test('a manager that is restarted is told of and found again', async () => {
    clean()
    const port = Number(new URL(url).port)
    await sandbox.program.stop()
    await tab.wait(
      'the loss',
      `document.querySelector('#link-state')?.innerText.includes('Not reachable')`,
      20_000,
    )
    assert.ok(await tab.run(has('sandbox')), 'what was last known stays')
    const again = await startSandbox(context, port)
    await tab.wait('the form', has('The session has ended'), 30_000)
    await signIn(tab, again.places.manager)
    await tab.goto('#/groups')
    await tab.wait('the new manager', has('There is no group yet'))
    assert.deepEqual(
      tab.troubles.filter((one) => !one.includes('ERR_CONNECTION')),
      [],
    )
  })

  await context.test('signing out ends the session at the manager too', async () => {
    const held = await tab.run<string>(`sessionStorage.getItem('antrea-nsx-manager.xsrf')`)
    await tab.click('#sign-out')
    await tab.wait('the form', `document.querySelector('#user')`)
    assert.equal(await tab.run(`JSON.stringify({...sessionStorage})`), '{}')
    const status = `fetch('/api/v1/node', { headers: { 'x-xsrf-token': ${JSON.stringify(held)} } }).then((r) => r.status)`
    assert.ok([401, 403].includes(await tab.run(status)))
  })
})
