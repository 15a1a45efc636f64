/** Limits of rooms that have many, a file each; everybody takes them from limits.ts. */
export * from './channels.ts'
export * from './kube.ts'
export * from './manager.ts'
export * from './operations.ts'
export * from './sandbox.ts'
