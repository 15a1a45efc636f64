/**
 * The CCP channel: NSX policy down into Antrea policy, its realization up. source/ keeps the complete copy of what NSX
 * wants, translate/ turns it into Antrea objects, plan/ compares these with the cluster, apply executes, realization and
 * report tell NSX. Only the composition (adapter.ts), the command line and tests come in here.
 */
import { fromCallback, fromPromise } from 'xstate'
import {
  type Applied,
  type CcpContext,
  type CcpEvent,
  ccpMachine,
  type EvidenceRead,
  type Flushed,
  type Planned,
} from '../../machines/ccp.ts'
import type { LinkContext } from '../../machines/link.ts'
import { type AdapterError, asAdapterError, asAdapterErrors, retry, waitFor } from '../errors.ts'
import type { Health, TellFact } from '../health/index.ts'
import type { ClusterGroup, ClusterNetworkPolicy, KubeClient, Store, Tier } from '../kube/index.ts'
import { BACKOFF_BASE_MS, WRITE_BACKOFF_BASE_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { createLinkWarnings, isRest, type NsxManager, type NsxRest } from '../nsx/index.ts'
import type { Session } from '../protocol/index.ts'
import { backoffMs, type Clock, type Random } from '../world/index.ts'
import { describeAdoption } from './adopt.ts'
import { type ClusterFactsReader, createClusterFacts } from './cluster-facts.ts'
import { type CcpDriver, driverFor } from './drivers/index.ts'
import { createEnforcer, type Enforcer } from './enforcement.ts'
import type { CcpInsight } from './insight.ts'
import { createMemberPoll, type MemberPoll } from './member-poll.ts'
import { observeStores } from './observe.ts'
import type { Plan } from './plan/index.ts'
import {
  type AgentAsk,
  type AgentHealth,
  createBoard,
  createFlows,
  createOthers,
  type OthersStores,
} from './realization/index.ts'
import type { Mode, TierSettings } from './settings.ts'
import type { DesiredState } from './source/index.ts'
import { createTranslator, type DesiredObjects, type Translate } from './translate/index.ts'

export { type Adoption, type AdoptionInput, adopt, adoptionOf, describeAdoption } from './adopt.ts'
export { NO_POLICIES, type PolicyCounts, type PolicyFigures, type RefusedPolicy } from './figures.ts'
export type { CcpInsight, ClusterSight, PlanPreview } from './insight.ts'
export { createIntentNames, type IntentNames } from './names.ts'
export { type ProtectionInput, protection } from './protection.ts'
export type { AgentHealth } from './realization/index.ts'
export { type Category, DEFAULT_TIERS, type Mode, type TierSetting, type TierSettings } from './settings.ts'
export { CODES, type Code, type CodeText } from './translate/index.ts'

export interface CcpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  /** With the channels, or by the public API alone. */
  readonly nsx: NsxManager | NsxRest
  readonly kube: KubeClient
  readonly stores: {
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly clusterGroups: Store<ClusterGroup>
    readonly tiers: Store<Tier>
    readonly nodes: Store
  } & OthersStores
  readonly agents: AgentHealth
  /** The agents are asked for the flows of Kubernetes policies; not without it. */
  readonly askAgent?: AgentAsk
  /** The ClusterControlPlane's node_id, and its name in NSX. */
  readonly clusterId: string
  readonly clusterName: string
  /** uid of the namespace kube-system. */
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  readonly settings: {
    readonly tiers: TierSettings
    readonly fqdnProfiles?: boolean
    /** Members of groups outside the cluster are asked of NSX's public API so often; not at all when absent. */
    readonly memberPollMs?: number
    /** `enforce` when absent. */
    readonly mode?: Mode
  }
  /** Hears of plans, their steps and the policies' problems. */
  readonly tell?: TellFact
  /** Gets the way to another adapter's objects, for the command line. */
  readonly onAdopter?: (adopter: Adopter) => void
  /** Gets the way to look at what the channel knows and would do. */
  readonly onInsight?: (insight: CcpInsight) => void
  /** Hears each complete set of what NSX wants. */
  readonly onDesired?: (objects: DesiredObjects) => void
}

export type CcpLogic = typeof ccpMachine

/** What a person may have taken over from another adapter. */
export interface Adopter {
  /** A line for each object. */
  show(): readonly string[]
  /** Takes over what was shown; rejects with ADOPT_CHANGED when that is another list by now. */
  adopt(shown: readonly string[], signal?: AbortSignal): Promise<void>
}

/** The CCP chart over a real manager and cluster; it takes no input. */
export function provideCcp(deps: CcpDeps): CcpLogic {
  const { random, health, log } = deps
  const { clusterNetworkPolicies, clusterGroups, tiers } = deps.stores
  const planned = { clusterNetworkPolicies, clusterGroups, tiers }
  const facts = createClusterFacts({ ...deps, nodes: deps.stores.nodes })
  const enforcer = createEnforcer({
    ...deps,
    stores: planned,
    tiers: deps.settings.tiers,
    translate: translateFor(deps.settings, facts),
    mode: deps.settings.mode ?? 'enforce',
  })
  const wake = { up: () => {} }
  deps.onAdopter?.(adopterOf(enforcer, () => wake.up()))
  const others = createOthers({ ...deps, ...flowsOf(deps) })
  const policies = { realization: () => enforcer.realization(() => deps.agents.troubled()) }
  const board = createBoard(deps.clock, policies, others)
  /** Asked for only to be told: to look at it moves no time. */
  let told: ReturnType<typeof board.current>
  deps.onInsight?.(insightOf(deps, enforcer, () => (told ?? board.current())?.items))
  const driver = driverFor(deps, deps.nsx, {
    current: () => {
      told = board.current()
      return told
    },
    desired: () => {
      const state = enforcer.reported()
      return state === undefined ? undefined : { version: state.version, digest: state.digest() }
    },
  })
  const warnings = createLinkWarnings(health, 'ccp')
  const { memberPollMs: periodMs } = deps.settings
  // The driver for the public API asks for them by itself.
  const members =
    periodMs === undefined || isRest(deps.nsx)
      ? undefined
      : createMemberPoll({ ...deps, nsx: deps.nsx, periodMs })
  let next: Plan | undefined
  return ccpMachine.provide({
    actors: {
      connect: fromPromise<Session, LinkContext>(({ input: { leader }, signal }) => {
        if (leader === undefined) throw retry('NOT_LEADING', 'only the leader opens a session')
        return driver.connect(leader, signal)
      }),
      follow: fromCallback<CcpEvent, LinkContext>(({ input, sendBack }) =>
        follow(deps, { enforcer, members, driver }, input, sendBack),
      ),
      probe: fromPromise<void>(({ signal }) => driver.probe(signal)),
      closeSession: fromPromise<void, LinkContext>(async ({ input }) => {
        if (input.session !== undefined) await driver.close(input.session.session)
      }),
      observe: fromCallback<CcpEvent>(({ sendBack }) => {
        wake.up = () => {
          if (enforcer.state() !== undefined) sendBack({ type: 'DESIRED' })
        }
        const ends = [
          observeStores(planned, {
            onChange: (about) => sendBack({ type: about === 'plan' ? 'CHANGED' : 'STATUS' }),
            onPolicy: (name) => enforcer.noteStatus(name),
          }),
          others.follow({
            onChange: () => sendBack({ type: 'STATUS' }),
            onPolicies: () => sendBack({ type: 'POLICIES' }),
          }),
          facts.follow(() => {
            const state = enforcer.state()
            // Another set of the same objects: what was made of it is made again.
            if (state !== undefined) enforcer.take({ ...state, objects: new Map(state.objects) })
            sendBack({ type: 'CHANGED' })
          }),
          members?.follow(() => {
            const state = driver.told()
            if (state === undefined) return
            enforcer.take(members.overlay(state))
            sendBack({ type: 'DESIRED' })
          }),
        ]
        return () => {
          for (const end of ends) end?.()
        }
      }),
      plan: fromPromise<Planned>(async ({ signal }) => {
        await facts.asked()
        const reported = enforcer.reported()
        const before = next?.held
        next = await asAdapterErrors(enforcer.plan(signal))
        members?.want(enforcer.lacking())
        const { steps, awaiting, deletes, againMs } = next
        return {
          steps: steps.length,
          awaiting: awaiting.length,
          guarded: deletes.kind === 'guarded',
          againMs,
          isNews: enforcer.reported() !== reported || !isHeldAlike(before, next.held),
        }
      }),
      apply: fromPromise<Applied>(async ({ signal }) => {
        if (next === undefined) return { kind: 'done' }
        const outcome = await enforcer.apply(next, signal)
        if (outcome.kind === 'failed' && !signal.aborted)
          log.warn({ code: outcome.error.code }, outcome.error.message)
        return outcome.kind === 'failed' ? outcome : { kind: outcome.kind }
      }),
      flush: fromPromise<Flushed, Session | undefined>(async ({ input, signal }) => {
        return input === undefined
          ? { againMs: undefined }
          : asAdapterErrors(driver.reporter.flush(input, signal))
      }),
      readEvidence: fromPromise<EvidenceRead>(({ signal }) => asAdapterErrors(others.readEvidence(signal))),
    },
    actions: {
      reportWell: () => warnings.well(),
      reportProblem: ({ context }) => {
        log.warn(
          { code: context.error?.code ?? 'NSX_SILENT' },
          context.error?.message ?? 'the manager fell silent',
        )
        warnings.problem(context.error, `${deps.nsx.origin} fell silent; the link is made anew`)
      },
      approve: () => enforcer.approve(),
      sayHeld: ({ context }) => {
        enforcer.setPending(waitFor('PAUSED', 'writing to the cluster is paused (`status` says until when)'))
        health.set('CCP_PAUSED', `${context.planned?.steps ?? 0} writes wait`, 'waiting')
      },
      standDown: () => {
        enforcer.standDown()
        board.forget()
        told = undefined
      },
      sayWrites: ({ context }) => sayWrites(health, enforcer, context),
    },
    delays: {
      backoff: ({ context }) => driver.backoffMs(context.failures, context.error),
      syncLimit: driver.syncLimitMs,
      writeBackoff: ({ context }) =>
        backoffMs(random, context.writeFailures, WRITE_BACKOFF_BASE_MS, context.writeError),
      reportBackoff: ({ context }) => backoffMs(random, context.reportFailures, BACKOFF_BASE_MS, undefined),
      evidenceBackoff: ({ context }) =>
        backoffMs(random, context.evidenceFailures, BACKOFF_BASE_MS, undefined),
    },
  })
}

/** Problems are made anew with each plan; whether there are others is told by their paths and codes. */
const isHeldAlike = (before: Plan['held'] | undefined, now: Plan['held']): boolean => {
  const codes = (held: Plan['held']) =>
    [...held].map(([path, problems]) => `${path} ${problems.map(({ code }) => code)}`).join('\n')
  return codes(before ?? new Map()) === codes(now)
}

function insightOf(
  { clock, clusterId, settings }: CcpDeps,
  enforcer: Enforcer,
  realization: CcpInsight['realization'],
): CcpInsight {
  return {
    clusterId,
    tiers: settings.tiers,
    mode: settings.mode ?? 'enforce',
    cluster: enforcer.cluster,
    desired: () => enforcer.state(),
    snapshotAgeMs: () => {
      const state = enforcer.state()
      return state === undefined ? undefined : clock.monotonicMs() - state.snapshotMs
    },
    realization,
    figures: () => enforcer.figures(),
    preview: (signal) => enforcer.preview(signal),
  }
}

function adopterOf(enforcer: Enforcer, onAdopted: () => void): Adopter {
  const show = () => enforcer.adoption().map(describeAdoption)
  return {
    show,
    async adopt(shown, signal) {
      const adoptions = enforcer.adoption()
      if (adoptions.map(describeAdoption).join('\n') !== shown.join('\n'))
        throw waitFor('ADOPT_CHANGED', 'what can be adopted is not what was shown any more; look again')
      try {
        await enforcer.adopt(adoptions, signal)
      } finally {
        onAdopted()
      }
    },
  }
}

/** The translation of this cluster, as it is known when it is asked for. */
function translateFor(
  { tiers, fqdnProfiles = false }: CcpDeps['settings'],
  facts: ClusterFactsReader,
): Translate {
  const translate = createTranslator(tiers, { domains: fqdnProfiles })
  return Object.assign((objects: DesiredObjects) => translate(objects, facts.current()), {
    steps: (objects: DesiredObjects) => translate.steps(objects, facts.current()),
    apart: (objects: DesiredObjects) => translate.apart(objects, facts.current()),
  })
}

const flowsOf = ({ askAgent, log }: CcpDeps) =>
  askAgent === undefined
    ? {}
    : {
        flows: createFlows(askAgent, (node, error) => {
          const { code, message } = asAdapterError(error)
          log.warn({ code, node }, `an agent did not tell its flows: ${message}`)
        }),
      }

interface Receivers {
  readonly enforcer: Enforcer
  readonly members: MemberPoll | undefined
  readonly driver: CcpDriver
}

/** Hands each complete set to the enforcer first, then says so. */
function follow(
  deps: CcpDeps,
  { enforcer, members, driver }: Receivers,
  { session }: LinkContext,
  sendBack: (event: CcpEvent) => void,
): () => void {
  const stop = new AbortController()
  const send = (event: CcpEvent) => {
    if (!stop.signal.aborted) sendBack(event)
  }
  const take = (state: DesiredState) => {
    if (stop.signal.aborted) return
    deps.onDesired?.(state.objects)
    enforcer.take(members?.overlay(state) ?? state)
    sendBack({ type: 'DESIRED' })
  }
  const run = async () => {
    if (session === undefined) throw retry('NOT_LEADING', 'there is no session to follow')
    await driver.follow(
      session,
      {
        onSeen: () => send({ type: 'SEEN' }),
        onSnapshot: take,
        onOpen: () => send({ type: 'SYNCED' }),
        onCommit: take,
      },
      stop.signal,
    )
  }
  run().catch((error: unknown) => send({ type: 'FAILED', error: asAdapterError(error) }))
  return () => stop.abort(retry('STREAM_ENDED', 'the stream was given up'))
}

/** How writing stands, for health and for the reports. */
function sayWrites(health: Health, enforcer: Enforcer, context: CcpContext): void {
  const error = writeProblem(context)
  enforcer.setPending(error)
  health.clear('CCP_PAUSED', 'waiting')
  if (error === undefined || error.code === 'SECOND_ADAPTER') health.clear('CCP_WRITES')
  else health.set('CCP_WRITES', `${error.code}: ${error.message}`)
  if (error?.code === 'KUBE_WEBHOOK_UNAVAILABLE') health.set('ANTREA_CONTROLLER_DOWN', error.message)
  else health.clear('ANTREA_CONTROLLER_DOWN')
}

function writeProblem({ writeError, writeFailures }: CcpContext): AdapterError | undefined {
  if (writeError !== undefined || writeFailures === 0) return writeError
  return retry(
    'GROUPS_NOT_COMPUTED',
    'antrea-controller has not computed new groups in time; policies that need them wait, check its Pod',
  )
}
