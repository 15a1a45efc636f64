/**
 * The real terraform-provider-nsxt on the sandbox: apply, plan without difference, change, import, destroy.
 * TERRAFORM_PROVIDER_NSXT names its binary and TERRAFORM that of terraform or tofu (else the first of these in PATH); the
 * same conversation as plain requests is in test/contract/manager/terraform.test.ts, which always runs.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type SandboxProcess, startSandboxProcess } from '../bench/sandbox.ts'

const CALL_LIMIT_MS = 120_000
const DOMAIN = '/policy/api/v1/infra/domains/default'

interface Programs {
  readonly provider: string
  readonly terraform: string
}

function programs(): Programs | { readonly skip: string } {
  const { TERRAFORM_PROVIDER_NSXT: provider, TERRAFORM: named } = process.env
  if (provider === undefined || provider === '')
    return { skip: "the real provider's tests are skipped: TERRAFORM_PROVIDER_NSXT does not name its binary" }
  if (!existsSync(provider)) throw new Error(`TERRAFORM_PROVIDER_NSXT: there is no ${provider}`)
  const terraform = [named ?? [], 'terraform', 'tofu']
    .flat()
    .find((program) => spawnSync(program, ['version']).status === 0)
  if (terraform !== undefined) return { provider: resolve(provider), terraform }
  return {
    skip: "the real provider's tests are skipped: TERRAFORM names no terraform or tofu, and PATH has none",
  }
}

const found = programs()

const PROVIDERS = 'terraform {\n  required_providers {\n    nsxt = { source = "vmware/nsxt" }\n  }\n}\n'

/** `action` and `port` are what the change changes. */
const CONFIG = `
variable "action" {}
variable "port" {}

provider "nsxt" {
  max_retries = 2
}

resource "nsxt_policy_group" "web" {
  nsx_id       = "tf-web"
  display_name = "Web (odd) a/b"
  group_type   = "ANTREA"
  criteria {
    condition {
      key         = "Tag"
      member_type = "Pod"
      operator    = "EQUALS"
      value       = "dis:k8s:app|web"
    }
  }
  tag {
    scope = "tf"
    tag   = "yes"
  }
}

resource "nsxt_policy_group" "net" {
  nsx_id       = "tf-net"
  display_name = "net"
  criteria {
    ipaddress_expression {
      ip_addresses = ["192.0.2.0/24", "198.51.100.7"]
    }
  }
}

resource "nsxt_policy_service" "app" {
  nsx_id       = "tf-app"
  display_name = "app"
  l4_port_set_entry {
    display_name      = "app"
    protocol          = "TCP"
    destination_ports = [var.port]
  }
}

resource "nsxt_policy_security_policy" "shop" {
  nsx_id       = "tf-shop"
  display_name = "shop"
  category     = "Application"
  scope        = [nsxt_policy_group.web.path]
  rule {
    display_name  = "in"
    action        = var.action
    direction     = "IN"
    source_groups = [nsxt_policy_group.net.path]
    services      = [nsxt_policy_service.app.path]
    logged        = true
  }
  rule {
    display_name = "rest"
    action       = "DROP"
    direction    = "IN"
  }
}

data "nsxt_policy_container_cluster" "this" {
  display_name = "sandbox"
}

resource "nsxt_policy_security_policy_container_cluster" "this" {
  display_name           = "span"
  policy_path            = nsxt_policy_security_policy.shop.path
  container_cluster_path = data.nsxt_policy_container_cluster.this.path
}
`

describe('terraform-provider-nsxt', { skip: 'skip' in found ? found.skip : false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-terraform-'))
  let sandbox: SandboxProcess

  /** Exit code of one command; any but those expected fails with what it said. */
  const terraform = (words: readonly string[], expected: readonly number[] = [0]): number => {
    assert.ok('terraform' in found)
    const { manager } = sandbox.ready
    const ended = spawnSync(found.terraform, [...words], {
      cwd: folder,
      encoding: 'utf8',
      timeout: CALL_LIMIT_MS,
      env: {
        ...process.env,
        TF_CLI_CONFIG_FILE: join(folder, 'cli.tfrc'),
        TF_IN_AUTOMATION: '1',
        CHECKPOINT_DISABLE: '1',
        NSXT_MANAGER_HOST: new URL(manager.url).host,
        NSXT_USERNAME: manager.user,
        NSXT_PASSWORD: manager.password,
        NSXT_CA_FILE: manager.ca,
        NSXT_ALLOW_UNVERIFIED_SSL: 'true',
      },
    })
    const said = `${words.join(' ')}: ${ended.error?.message ?? ''}\n${ended.stdout}\n${ended.stderr}`
    assert.ok(ended.status !== null && expected.includes(ended.status), said)
    return ended.status ?? -1
  }
  const variables = (action: string, port: string) => ['-var', `action=${action}`, '-var', `port=${port}`]
  const apply = (...values: [string, string]) =>
    terraform(['apply', '-auto-approve', '-input=false', '-no-color', ...variables(...values)])
  /** Exit code 2 would be a difference. */
  const noDifference = (...values: [string, string]) =>
    terraform(['plan', '-detailed-exitcode', '-input=false', '-no-color', ...variables(...values)])
  const status = async (path: string) => {
    const answer = await sandbox.manager.request({
      method: 'GET',
      path: DOMAIN + path,
      headersTimeoutMs: 10_000,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return { status: answer.status, body: JSON.parse(Buffer.concat(chunks).toString()) }
  }

  before(async () => {
    assert.ok('provider' in found)
    const plugins = join(folder, 'plugins')
    mkdirSync(plugins)
    symlinkSync(found.provider, join(plugins, 'terraform-provider-nsxt'))
    // With an override nothing is downloaded, and `init` is not needed.
    writeFileSync(
      join(folder, 'cli.tfrc'),
      `provider_installation {\n  dev_overrides {\n    "vmware/nsxt" = ${JSON.stringify(plugins)}\n  }\n  direct {}\n}\n`,
    )
    writeFileSync(join(folder, 'main.tf'), PROVIDERS + CONFIG)
    sandbox = await startSandboxProcess()
  })
  after(async () => {
    await sandbox?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('apply, and a plan that finds no difference', { timeout: 2 * CALL_LIMIT_MS }, async () => {
    apply('ALLOW', '8080')
    const { body } = await status('/security-policies/tf-shop')
    assert.deepEqual(
      body.rules.map(({ display_name, action }: Record<string, string>) => [display_name, action]),
      [
        ['in', 'ALLOW'],
        ['rest', 'DROP'],
      ],
    )
    noDifference('ALLOW', '8080')
  })
  test('a change, and no difference behind it', { timeout: 3 * CALL_LIMIT_MS }, async () => {
    apply('REJECT', '9090')
    assert.equal((await status('/security-policies/tf-shop')).body.rules[0].action, 'REJECT')
    noDifference('REJECT', '9090')
    terraform(['plan', '-detailed-exitcode', '-input=false', '-no-color', ...variables('ALLOW', '9090')], [2])
  })
  test('what is forgotten and imported again has no difference', { timeout: 6 * CALL_LIMIT_MS }, () => {
    for (const [address, id] of [
      ['nsxt_policy_group.net', 'tf-net'],
      ['nsxt_policy_service.app', 'tf-app'],
      ['nsxt_policy_security_policy.shop', 'tf-shop'],
    ] as const) {
      terraform(['state', 'rm', address])
      terraform(['import', '-input=false', '-no-color', ...variables('REJECT', '9090'), address, id])
    }
    noDifference('REJECT', '9090')
  })
  test('destroy leaves nothing', { timeout: 2 * CALL_LIMIT_MS }, async () => {
    terraform(['destroy', '-auto-approve', '-input=false', '-no-color', ...variables('REJECT', '9090')])
    for (const path of ['/security-policies/tf-shop', '/groups/tf-web', '/groups/tf-net'])
      assert.equal((await status(path)).status, 404, path)
    assert.doesNotMatch(
      readFileSync(join(folder, 'terraform.tfstate'), 'utf8'),
      /"type": "nsxt_policy_group"/,
    )
  })
})
