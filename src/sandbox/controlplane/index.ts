/**
 * A real control plane on this machine: etcd, kube-apiserver and kube-controller-manager, built once from the Go module
 * of the checkout (test/real/controlplane), started on the loopback in a folder of the caller's, with the Antrea stand-in
 * attached through CustomResourceDefinitions, webhooks and APIServices. `sandbox --real` and the real tier come in here.
 */
export { type AntreaDeps, type AttachedAgents, attachAgents, attachController } from './antrea.ts'
export { findCheckout } from './checkout.ts'
export { type GoBuild, type GoModule, goBuild, type ProgramsOptions } from './go-build.ts'
export { startKubelets } from './kubelets.ts'
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './plane.ts'
export { freePorts, probePort, type Running, type StartOptions, startProcess } from './processes.ts'
export { controlPlaneBuild, type ProgramName, type Programs } from './programs.ts'
