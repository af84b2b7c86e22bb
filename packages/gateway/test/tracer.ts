import * as Tracer from "effect/Tracer"

/** A tracer that passes each call of its spans to a function. */
export const make = (onCall: (...args: ReadonlyArray<unknown>) => void): Tracer.Tracer =>
  Tracer.make({
    context: (evaluate) => evaluate(),
    span: (name, parent, context, links, startTime, kind): Tracer.Span => {
      const attributes = new Map<string, unknown>()
      onCall(name)
      return {
        _tag: "Span",
        name,
        spanId: "1",
        traceId: "1",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links: [...links],
        sampled: true,
        kind,
        end: (_, exit) => onCall(exit),
        attribute: (key, value) => {
          attributes.set(key, value)
          onCall(key, value)
        },
        event: (event, _, more) => onCall(event, more),
        addLinks: () => {}
      }
    }
  })
