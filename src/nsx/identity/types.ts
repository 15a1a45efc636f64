import type { HttpClient } from '../../world/index.ts'

/** What one call is sent with. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
}

/** The way to say who we are, over all managers. */
export interface Identity {
  /** Of this manager; signs in where there is need. Rejects with the transport's error, or NSX_SIGN_IN. */
  credentials(http: HttpClient): Promise<Credentials>
  /**
   * The manager did not take these. True: others may be asked for, once; false: there is nothing else to show.
   */
  refused(http: HttpClient, credentials: Credentials): boolean
  /** Name or password may be another one now. */
  renewed(): void
  /** Ends what it began in NSX. */
  close(): Promise<void>
}
