/** Virtual machines with their tags and addresses: NSX's reads and tag calls, and a write of this manager's own. For the manager's other folders. */
export { realized, shown, shownVif, vmRoutes } from './routes.ts'
export { addressesOf, createVms, type VirtualMachine, type Vms } from './store.ts'
