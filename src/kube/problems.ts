/** What is wrong with the link to the cluster, over all watches: one healthy watch does not clear another's problem. */
import { type AdapterError, TransportError } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'
import type { Logger } from '../log/index.ts'
import { OPTIONAL, RESOURCES, type ResourceName } from './resources.ts'
import type { ResourceType } from './types.ts'

export interface Problems {
  /** What is wrong there now; undefined: nothing. */
  report(where: ResourceName | 'api-server' | 'discovery', problem: AdapterError | undefined): void
  /** What of the optional resources is not served, in words. */
  absent(kinds: readonly string[]): void
  /** Whether the API server let us do this; `problem` is its refusal for want of the right. */
  right(verb: string, type: ResourceType, problem: AdapterError | undefined): void
}

const RAISED = [
  'KUBE_UNREACHABLE',
  'KUBE_UNTRUSTED',
  'KUBE_FORBIDDEN',
  'KUBE_UNREADABLE',
  'ANTREA_MISSING',
] as const satisfies readonly WarningCode[]

type Raised = (typeof RAISED)[number]

/** Keeps what each watch last reported, and raises and clears the warnings of this side. */
export function createProblems(health: Health, log: Logger): Problems {
  const standing = new Map<string, AdapterError>()
  const logged = new Map<string, string>()

  const tell = () => {
    const details = new Map<Raised, string[]>()
    for (const [where, problem] of standing) {
      const code = warningOf(where, problem, standing)
      details.set(code, [...(details.get(code) ?? []), detailOf(code, where, problem)])
    }
    for (const code of RAISED) {
      const lines = details.get(code)
      if (lines === undefined) health.clear(code)
      else health.set(code, [...new Set(lines)].sort().join('; '))
    }
  }

  /** Each attempt fails anew; a line for each kind of failure is enough, and one for all when the link itself is gone. */
  const say = (where: string, problem: AdapterError) => {
    const fields = { resource: where, code: problem.code }
    if (where !== 'api-server' && isLinkFault(problem)) log.debug(fields, problem.message)
    else if (logged.get(where) !== problem.code) {
      logged.set(where, problem.code)
      log.warn(fields, problem.message)
    }
  }

  const denied = new Map<string, string>()

  return {
    absent(kinds) {
      if (kinds.length === 0) health.clear('API_ABSENT')
      else health.set('API_ABSENT', [...kinds].sort().join(', '))
    },
    right(verb, type, problem) {
      const right = `${verb} ${type.group === '' ? type.plural : `${type.plural}.${type.group}`}`
      if (problem === undefined) {
        if (!denied.delete(right)) return
        log.info({ right }, 'the right is there')
      } else {
        if (!denied.has(right)) log.warn({ right, code: problem.code }, problem.message)
        denied.set(right, `${right}: ${problem.message}`)
      }
      if (denied.size === 0) health.clear('KUBE_FORBIDDEN', 'calls')
      else health.set('KUBE_FORBIDDEN', [...denied.values()].sort().join('; '), 'calls')
    },
    report(where, reported) {
      // Discovery says of an optional one that it is not served; its watch only met that first.
      const isMissing = reported?.code === 'KUBE_NOT_FOUND' && OPTIONAL.has(where as ResourceName)
      const problem = isMissing ? undefined : reported
      if (problem === undefined) {
        if (!standing.delete(where)) return
        if (logged.delete(where)) log.info({ resource: where }, 'well again')
      } else {
        standing.set(where, problem)
        say(where, problem)
      }
      tell()
    },
  }
}

const isAntrea = (where: string): boolean =>
  where in RESOURCES && RESOURCES[where as ResourceName].group === RESOURCES.tiers.group

/** The API server is there, and yet some of it is not served: when core kinds are missing too, it is not Antrea's fault. */
function warningOf(where: string, problem: AdapterError, all: ReadonlyMap<string, AdapterError>): Raised {
  if (problem instanceof TransportError)
    return problem.fault === 'untrusted' ? 'KUBE_UNTRUSTED' : reachFault(problem)
  switch (problem.code) {
    case 'KUBE_FORBIDDEN':
    case 'KUBE_UNAUTHORIZED':
      return 'KUBE_FORBIDDEN'
    case 'KUBE_NOT_FOUND': {
      const coreMissing = [...all].some(([other, { code }]) => code === 'KUBE_NOT_FOUND' && !isAntrea(other))
      return isAntrea(where) && !coreMissing ? 'ANTREA_MISSING' : 'KUBE_UNREADABLE'
    }
    case 'KUBE_SERVER_ERROR':
    case 'KUBE_THROTTLED':
    case 'KUBE_SILENT':
    case 'KUBE_WATCH_ENDED':
      return 'KUBE_UNREACHABLE'
    default:
      return 'KUBE_UNREADABLE'
  }
}

const reachFault = (problem: TransportError): Raised =>
  problem.fault === 'too-large' ? 'KUBE_UNREADABLE' : 'KUBE_UNREACHABLE'

function detailOf(code: Raised, where: string, problem: AdapterError): string {
  if (code === 'ANTREA_MISSING') return isAntrea(where) ? RESOURCES[where as ResourceName].kind : where
  return problem.message
}

/** Of the socket, not of what came over it; the peer's own report speaks for all when it is more than one socket. */
const isLinkFault = (problem: AdapterError): boolean =>
  problem instanceof TransportError && problem.fault !== 'too-large' && problem.fault !== 'untrusted'
