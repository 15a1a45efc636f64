/**
 * The statecharts: the adapter's life as data. Only xstate and types are imported here; every effect is a named port
 * that src/ provides. adapter is the root; it supervises the lease, the watches (one chart a resource), ccp and mp.
 * Beside it runs outage: whether the API server answers anybody at all, which all watches ask; and among the watches
 * discovery: which optional resources are served, for which their watches wait.
 */
export { type AdapterEvent, adapterMachine, type Leader, type PausedChannel } from './adapter.ts'
export { createWatchesMachine } from './watches.ts'
