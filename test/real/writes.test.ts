/** What a real kube-apiserver says to writes, as the adapter's client takes it. */
import { test } from 'node:test'
import { createHttpClient, createRealClock, serve } from '../../src/world/real.ts'
import { type Hook, runWrites } from '../contract/kube/run.ts'
import { createAuthority } from './harness/certificates.ts'
import { startControlPlane } from './harness/controlplane.ts'
import { programs, skip } from './harness/tier.ts'

const NAME = 'a real kube-apiserver'
const HOOKS = ['tiers.example.com', 'tiers.antrea.io'] as const

if (skip !== false) test(NAME, { skip }, () => {})
else
  runWrites(NAME, async () => {
    const plane = await startControlPlane({ programs: await programs() })
    const client = createHttpClient(plane.administrator)
    const { identity } = await plane.addUser('nobody')
    const { origin } = plane.administrator
    const nobody = createHttpClient({ origin, tls: { ca: plane.caPem, ...identity } })
    const does = new Map<string, Hook>()
    const authority = await createAuthority('webhooks')
    const running = await serve({
      host: '127.0.0.1',
      port: 0,
      tls: await authority.server('webhooks', { dns: ['localhost'], ips: ['127.0.0.1'] }),
      handler: async (request) => {
        const body = Buffer.from(await request.body(1_000_000)).toString()
        const { uid } = JSON.parse(body).request
        const name = request.path.split('?')[0]?.slice(1) ?? ''
        if (does.get(name) === 'hang') await new Promise((resolve) => setTimeout(resolve, 3_000))
        return {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            apiVersion: 'admission.k8s.io/v1',
            kind: 'AdmissionReview',
            response: {
              uid,
              allowed: does.get(name) !== 'deny',
              status: { message: 'not today', code: 403 },
            },
          }),
        }
      },
    })
    await plane.api.post('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      metadata: { name: 'tiers' },
      webhooks: HOOKS.map((name) => ({
        name,
        clientConfig: {
          url: `https://127.0.0.1:${running.port}/${name}`,
          caBundle: Buffer.from(authority.ca).toString('base64'),
        },
        rules: [
          { apiGroups: ['crd.antrea.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['tiers'] },
        ],
        timeoutSeconds: 1,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      })),
    })
    return {
      client,
      nobody,
      clock: createRealClock(),
      hook: async (name, next) => void does.set(name, next),
      without: {},
      async close() {
        await client.close()
        await nobody.close()
        await running.close()
        await plane.stop()
      },
    }
  })
