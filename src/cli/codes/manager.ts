/** The `manager` command and its state on disk. */
import type { Entries } from './types.ts'

export const MANAGER: Entries = {
  MANAGER_CANNOT_LISTEN: [
    'The manager cannot listen on its address',
    'Another process does, the address is not of this machine, or a port below 1024 needs rights. Choose another --listen.',
  ],
  MANAGER_TLS: [
    "The manager's certificate cannot be used",
    'The message says which files. Give a certificate in PEM with its key, or move the pki folder away to have new ones made.',
  ],
  MANAGER_PASSWORD_FILE: [
    'The file holds no password',
    'Put the password into its first line; up to 1,024 characters.',
  ],
  MANAGER_READY_FILE: ['The ready file cannot be written', 'Choose another path, or see to the rights.'],
  MANAGER_DATA_FOLDER: [
    'The folder of the state cannot be used',
    'Give a folder of its own that this user may write, below one that exists.',
  ],
  MANAGER_DATA_MISSING: [
    'The state file is gone from its folder',
    'Put state.sqlite back from a backup, or delete store-mark to begin with an empty one.',
  ],
  MANAGER_DATA_IN_USE: [
    'Another process holds the state file',
    'Stop the other manager, or give this one another folder.',
  ],
  MANAGER_DATA_NEWER: [
    'The state file is of a newer version of this program',
    'Run that version or a newer one. The file was not changed.',
  ],
  MANAGER_DATA_FOREIGN: [
    "The file is another program's database",
    'Give the manager a folder of its own. The file was not changed.',
  ],
  MANAGER_DATA_CORRUPT: [
    'The state file is damaged',
    'It was left as it is. Restore the folder from a backup, or move it away to begin with an empty one.',
  ],
  MANAGER_DATA_UNWRITABLE: [
    'The state file cannot be written',
    'See to the rights of the folder and to free space on its disk.',
  ],
  MANAGER_DATA_FULL: [
    "The manager's disk has no room: writes are refused, reads go on",
    'Free some space; it is tried again with the next write. Nothing was half changed.',
  ],
  MANAGER_DATA_REFUSED: [
    "The manager's disk takes no writes; reads go on",
    'See to the disk; it is tried again with the next write. Nothing was half changed.',
  ],
}
