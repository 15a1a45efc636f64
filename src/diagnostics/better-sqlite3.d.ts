/** The part of better-sqlite3 that is used here; the package brings no types (its documentation: docs/api.md). */
declare module 'better-sqlite3' {
  namespace Database {
    interface Statement {
      run(...parameters: readonly unknown[]): { readonly changes: number }
      all(...parameters: readonly unknown[]): unknown[]
      iterate(...parameters: readonly unknown[]): IterableIterator<unknown>
    }
    interface Database {
      pragma(source: string, options?: { readonly simple?: boolean }): unknown
      exec(source: string): this
      prepare(source: string): Statement
      transaction<A extends readonly unknown[]>(work: (...args: A) => void): (...args: A) => void
      close(): this
    }
    interface Options {
      readonly readonly?: boolean
      readonly fileMustExist?: boolean
      /** Milliseconds to wait for a lock. */
      readonly timeout?: number
    }
  }
  const Database: new (file: string, options?: Database.Options) => Database.Database
  export default Database
}
