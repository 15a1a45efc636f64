/**
 * Antrea on the real control plane: the stand-in, or with ANTREA_CONTROLLER=FILE a real antrea-controller in place of its
 * controller half. The agents are the stand-in's in either case: there are no nodes.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installCrds, installRoutes, type StandInAgents } from '../../../src/sandbox/antrea/index.ts'
import { attachAgents, attachController } from '../../../src/sandbox/controlplane/index.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { RefusedError } from './api.ts'
import type { ControlPlane } from './controlplane.ts'
import { freePorts, start } from './processes.ts'
import { eventually } from './wait.ts'

export interface Antrea {
  readonly agents: StandInAgents
  stop(): Promise<void>
}

export interface AntreaOptions {
  /** From seeing a policy to reporting it; short, unless a test looks at what is between. */
  readonly realizationDelayMs?: number
  /** Of AntreaAgentInfo; a minute when absent, as the real agents'. */
  readonly heartbeatMs?: number
  /** Of the stand-in's controller; as the real one's when absent. */
  readonly statusWritesPerSecond?: number
}

/** Installs CRDs and routes and starts both halves; resolves when the aggregated APIs are available. */
export async function attachAntrea(plane: ControlPlane, options: AntreaOptions = {}): Promise<Antrea> {
  await installCrds(plane.api.http)
  const binary = process.env['ANTREA_CONTROLLER']
  const deps = { clock: createRealClock(), random: createRealRandom() }
  const { statusWritesPerSecond } = options
  const pace = statusWritesPerSecond === undefined ? {} : { statusWritesPerSecond }
  const stopController = await (binary
    ? startReal(plane, binary)
    : attachController(plane, { ...deps, ...pace }, 'n1'))
  try {
    const attached = await attachAgents(plane, deps, {
      realizationDelayMs: options.realizationDelayMs ?? 50,
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    })
    return {
      agents: attached.agents,
      async stop() {
        await attached.stop()
        await stopController()
      },
    }
  } catch (error) {
    await stopController()
    throw error
  }
}

/** Kinds whose informers a real controller waits for before it computes any policy. */
const OTHER_KINDS = [
  ['Egress', 'egresses', 'v1beta1', 'Cluster'],
  ['ExternalIPPool', 'externalippools', 'v1beta1', 'Cluster'],
  ['IPPool', 'ippools', 'v1beta1', 'Cluster'],
  ['Traceflow', 'traceflows', 'v1beta1', 'Cluster'],
  ['SupportBundleCollection', 'supportbundlecollections', 'v1alpha1', 'Cluster'],
  ['ExternalNode', 'externalnodes', 'v1alpha1', 'Namespaced'],
  ['ExternalEntity', 'externalentities', 'v1alpha2', 'Namespaced'],
] as const

/** Those that the stand-in has no need of, without their schemas: nothing of them is ever created. */
async function installOtherCrds({ api }: ControlPlane): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const [kind, plural, version, scope] of OTHER_KINDS) {
    const answer = await api.ask('POST', path, {
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.crd.antrea.io` },
        spec: {
          group: 'crd.antrea.io',
          scope,
          names: { kind, plural, singular: kind.toLowerCase() },
          versions: [
            {
              name: version,
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              subresources: { status: {} },
            },
          ],
        },
      },
    })
    if (answer.status !== 201 && answer.status !== 409) throw new RefusedError(`POST ${path}`, answer)
  }
}

/**
 * It writes to /var/run/antrea, which two controllers must not share: it gets a mount namespace of its own with a tmpfs
 * there. It listens on 0.0.0.0, which cannot be configured.
 */
async function startReal(plane: ControlPlane, binary: string): Promise<() => Promise<void>> {
  await installOtherCrds(plane)
  const [port = 0] = await freePorts(1)
  const folder = join(plane.folder, 'antrea')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  // The controller's support bundle calls antctl.
  writeFileSync(join(folder, 'bin/antctl'), '#!/bin/sh\nexit 0\n')
  chmodSync(join(folder, 'bin/antctl'), 0o755)
  const config = join(folder, 'antrea-controller.conf')
  writeFileSync(
    config,
    JSON.stringify({
      featureGates: { SupportBundleCollection: true, AntreaIPAM: true },
      clientConnection: { kubeconfig: plane.kubeconfig, qps: 50, burst: 100 },
      apiPort: port,
      selfSignedCert: true,
      nodeIPAM: { enableNodeIPAM: false },
    }),
  )
  const script =
    'mkdir -p /var/run/antrea && mount -t tmpfs tmpfs /var/run/antrea && exec "$0" --config="$1" --logtostderr'
  const controller = start({
    name: 'antrea-controller',
    command: 'unshare',
    args: [...namespaceFlags(), 'sh', '-c', script, binary, config],
    logFile: join(plane.folder, 'antrea-controller.log'),
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      POD_NAMESPACE: 'kube-system',
      POD_NAME: 'antrea-controller-0',
      NODE_NAME: 'n1',
      SERVICEACCOUNT_NAME: 'antrea-controller',
    },
  })
  try {
    const caPem = await Promise.race([
      eventually('antrea-controller publishes its CA', async () => {
        const answer = await plane.api.ask('GET', '/api/v1/namespaces/kube-system/configmaps/antrea-ca')
        return answer.body?.data?.['ca.crt'] as string | undefined
      }),
      controller.exited.then((how) => {
        throw new Error(`antrea-controller ended (${how}):\n${controller.tail()}`)
      }),
    ])
    await installRoutes(plane.api.http, { port, caPem })
    await eventually('antrea-controller makes its tiers', async () => {
      const { items } = await plane.api.get('/apis/crd.antrea.io/v1beta1/tiers')
      return items.length >= 6 ? true : undefined
    })
  } catch (error) {
    await controller.stop()
    throw error
  }
  return () => controller.stop()
}

/** As root a mount namespace is enough; anybody else needs a user namespace in which they are. */
function namespaceFlags(): string[] {
  const flags = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']
  try {
    execFileSync('unshare', [...flags, 'true'], { stdio: 'ignore' })
  } catch (cause) {
    throw new Error('ANTREA_CONTROLLER needs unshare (util-linux) and the right to make a mount namespace', {
      cause,
    })
  }
  return flags
}
