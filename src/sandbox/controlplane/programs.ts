/** The control plane's programs, built from their Go modules. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MODULE } from './checkout.ts'
import { type GoBuild, goBuild } from './go-build.ts'

/** Each program and the package it is built from. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const
export type ProgramName = keyof typeof PROGRAMS
/** Paths by name. */
export type Programs = Readonly<Record<ProgramName, string>>

/** From the module of this checkout, into its `.cache`. */
export function controlPlaneBuild(checkout: string): GoBuild<ProgramName> {
  const folder = join(checkout, MODULE)
  return goBuild({
    folder,
    cacheRoot: join(checkout, '.cache'),
    cache: 'controlplane',
    programs: PROGRAMS,
    flags: buildFlags(readFileSync(join(folder, 'go.mod'), 'utf8')),
    subject: 'kube-apiserver and etcd',
    usual: '4 to 6 minutes',
  })
}

/** Without these the programs call themselves v0.0.0 and kubectl complains of the skew. */
function buildFlags(goMod: string): string[] {
  const [, version] = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(goMod) ?? []
  if (version === undefined) throw new Error(`${MODULE}/go.mod does not require k8s.io/kubernetes`)
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = [
    `gitVersion=${version}`,
    `gitMajor=${major}`,
    `gitMinor=${minor}`,
    'gitTreeState=clean',
    'buildDate=1970-01-01T00:00:00Z',
  ]
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((name) =>
    values.map((value) => `-X ${name}.${value}`),
  )
  return ['-trimpath', '-ldflags', ['-s -w', ...stamps].join(' ')]
}
