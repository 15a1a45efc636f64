/** What a person can set of the CCP channel. */

/** Whether policy is written, or only told what would be written. */
export type Mode = 'enforce' | 'observe'

/** NSX's categories that Antrea policy can carry. */
export type Category = 'Emergency' | 'Infrastructure' | 'Environment' | 'Application'

export interface TierSetting {
  readonly name: string
  /** 0–249, lower is evaluated first. */
  readonly priority: number
}

/** The tier of each category; all four are configured together. */
export type TierSettings = Readonly<Record<Category, TierSetting>>

export const DEFAULT_TIERS: TierSettings = {
  Emergency: { name: 'nsx-category-emergency', priority: 1 },
  Infrastructure: { name: 'nsx-category-infrastructure', priority: 2 },
  Environment: { name: 'nsx-category-environment', priority: 3 },
  Application: { name: 'nsx-category-application', priority: 4 },
}
