/** The hook that is asked when a connection is there and nothing has been written to it (HttpRequest.beforeSend), over undici. */
import { DecoratorHandler, type Dispatcher } from 'undici'

type OnStart = NonNullable<Dispatcher.DispatchHandler['onRequestStart']>

/** undici's types leave out the methods that it passes on. */
interface Passing extends Dispatcher.DispatchHandler {
  onRequestStart(...start: Parameters<OnStart>): void
}
const Passing = DecoratorHandler as new (handler: Dispatcher.DispatchHandler) => Passing

/**
 * The same dispatcher, asking `beforeSend` first; it goes for HTTP/1.1 and HTTP/2 alike. undici keeps a request until one
 * of its connections is there and free, which may take as long as connecting does.
 */
export function askedFirst(dispatcher: Dispatcher, beforeSend: () => void): Dispatcher {
  class Asking extends Passing {
    override onRequestStart(...start: Parameters<OnStart>): void {
      beforeSend()
      super.onRequestStart(...start)
    }
  }
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, new Asking(handler)))
}
