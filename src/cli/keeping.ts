/** What the daemon keeps good of its own credentials: the certificate for NSX follows the Secret, the token is renewed. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Adapter } from '../adapter/index.ts'
import type { LoadedConfig } from '../config/index.ts'
import { needsPerson } from '../errors.ts'
import type { Health } from '../health/index.ts'
import { keepCredentials, type TokenPlace } from '../kube/onboarding/keeper.ts'
import { tokenFileOf } from '../kube/onboarding/kubeconfig.ts'
import { createIdentitySecret } from '../kube/onboarding/secret.ts'
import { CERTIFICATE_WARN_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { factsOf } from '../nsx/registration/certificate.ts'
import { recordOf } from '../nsx/registration/record.ts'
import type { Clock } from '../world/index.ts'
import { writeOwned } from './owned-files.ts'
import type { Reloading } from './reload.ts'
import { readSmallText, rotatedFiles } from './settings.ts'

export interface KeepingDeps {
  readonly loaded: LoadedConfig
  readonly cluster: Pick<Adapter['cluster'], 'own' | 'http'>
  readonly reloading: Reloading
  readonly health: Health
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Runs until the signal is aborted; never rejects. Nothing is kept where the configuration names neither. */
export async function keepOwnCredentials(deps: KeepingDeps): Promise<void> {
  const { loaded, cluster, clock, log, health, signal } = deps
  const { kube, identity, lease } = loaded.config
  const token =
    kube.renewToken && kube.kubeconfig !== undefined ? tokenPlace(kube.kubeconfig, kube.context) : undefined
  await keepCredentials({
    http: cluster.http,
    clock,
    log: log.child({ room: 'keeper' }),
    health,
    signal,
    ...(token === undefined ? {} : { token }),
    ...(identity.secret === undefined
      ? {}
      : {
          identity: {
            secret: createIdentitySecret(cluster.own, lease.namespace, identity.secret),
            take: (texts) => takeIdentity(deps, texts),
          },
        }),
    onRound: () => warnOfEnd(deps),
  })
}

/** It counts at once; the files follow, for the next start. Throws where it is not this cluster's. */
function takeIdentity(
  { loaded, reloading, log }: KeepingDeps,
  texts: Readonly<Record<string, string>>,
): void {
  const { cluster, nsx } = loaded.config
  const { shown } = recordOf(texts, 'the Secret')
  const { commonName } = factsOf(shown.cert)
  if (commonName !== cluster.name)
    throw needsPerson(
      'REGISTRATION_OTHER_CLUSTER',
      `the Secret holds the certificate of ${commonName}, but cluster.name is ${cluster.name}; one of them is another cluster's`,
    )
  reloading.take(shown)
  const { cert, key } = rotatedFiles(loaded) ?? nsx
  if (cert === undefined || key === undefined) return
  try {
    // The key first: a start between the two reads a pair that does not fit, and is told so, in no case a wrong one.
    if (!isSame(key, shown.key)) writeOwned(key, shown.key)
    if (!isSame(cert, shown.cert)) writeOwned(cert, shown.cert)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    log.warn(
      { code: 'IDENTITY_COPY' },
      `the copies of the certificate and its key cannot be written (${words}); the next start begins with the old ones until the Secret is read`,
    )
  }
}

function isSame(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text
  } catch {
    return false
  }
}

function tokenPlace(kubeconfig: string, context: string | undefined): TokenPlace {
  const place = (): string => {
    const named = tokenFileOf(readSmallText(kubeconfig, 'kube.kubeconfig'), context)
    if (named === undefined)
      throw needsPerson(
        'KUBE_TOKEN_RENEWAL',
        `the kubeconfig ${kubeconfig} names no tokenFile, so that kube.renewToken has nothing to renew; write one by join, or set it to false`,
      )
    return resolve(dirname(kubeconfig), named)
  }
  return {
    where: `the token file of ${kubeconfig}`,
    read: () => readSmallText(place(), 'the token'),
    write: (token) => writeOwned(place(), token),
  }
}

function warnOfEnd({ reloading, health, clock }: KeepingDeps): void {
  const { cert } = reloading.tls()
  if (cert === undefined) return
  const leftMs = factsOf(cert).notAfterMs - clock.now()
  if (leftMs > CERTIFICATE_WARN_MS) health.clear('CERTIFICATE_ENDS')
  else
    health.set('CERTIFICATE_ENDS', leftMs <= 0 ? 'it is over' : `in ${Math.floor(leftMs / 86_400_000)} days`)
}
