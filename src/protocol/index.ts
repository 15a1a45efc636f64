/** The two channels' wire, as docs/protocol.md has it: types, schemas, canonical JSON, digests, NDJSON lines. Pure. */
export * from './ccp.ts'
export * from './hash.ts'
export * from './lines.ts'
export * from './mp.ts'
export * from './session.ts'
