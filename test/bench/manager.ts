/** The section `manager` of docs/benchmarks.md: each part a subject of the manager, measured on its own. */
import { benchManagerClusters } from './manager-clusters.ts'
import { benchManagerState } from './manager-state.ts'

type Part = (say: (line: string) => void) => Promise<string>

const PARTS: readonly Part[] = [benchManagerClusters, benchManagerState]

export async function benchManager(say: (line: string) => void): Promise<string> {
  const texts: string[] = []
  for (const part of PARTS) texts.push(await part(say))
  return texts.join('\n\n')
}
