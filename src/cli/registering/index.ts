/**
 * What register, join, rotate and deregister have in common: their options, NSX and the cluster as an administrator sees
 * them, where the identity is kept, this machine's files, and how a plan is shown. For those four commands.
 */
export { type OpenCluster, type OwnedObject, openAdminCluster } from './cluster.ts'
export { createHere, type Here, type Settings, settingsFor } from './here.ts'
export { type AdminOfNsx, driverFor, nsxAt, openNsx } from './nsx.ts'
export * from './options.ts'
export { createShown, refuse, type Shown } from './show.ts'
export { folderStore, secretStore } from './stores.ts'
export { type Registering, withRegistering } from './work.ts'
