/**
 * The manager's state on disk: one SQLite file in a folder of its own, written by group commit; everything of it is read
 * into memory at the start. Only the `manager` command and tests come in, so that nobody else loads SQLite for it.
 */
export { openFolder, type StateFolder } from './folder.ts'
export { type OpenStorage, openStorage, type StorageOptions } from './open.ts'
