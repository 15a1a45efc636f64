/** One region a resource: its watch chart runs, and is started again after a back-off should it break. */
import { type AnyActorLogic, setup } from 'xstate'

/**
 * The supervisor of these watches. `logic` is one provided watch chart a resource name; each runs as an actor of that
 * name (`watch.pods`), which is how the inspection sees it.
 */
export function createWatchesMachine(logic: Readonly<Record<string, AnyActorLogic>>) {
  const base = setup({
    types: { events: {} as { type: 'STOP' } },
    actors: { ...logic },
    actions: { childFailed: () => {} },
    delays: { restartMs: 2_000 },
  })
  const region = (name: string) =>
    base.createStateConfig({
      initial: 'running',
      states: {
        running: {
          invoke: { id: `watch.${name}`, src: name, onError: { target: 'failed', actions: 'childFailed' } },
        },
        failed: { after: { restartMs: 'running' } },
      },
    })
  return base.createMachine({
    id: 'watches',
    type: 'parallel',
    states: Object.fromEntries(Object.keys(logic).map((name) => [name, region(name)])),
  })
}
