/** Faults of the event log, its readers and the runner of handlers. */
import { internal, type Mutant, scenario } from "./mutant.js"

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "a full cursor does not pause the socket",
    file: internal("events/log/cursor.ts"),
    from: "log.backpressure.add(this)",
    to: "",
    test: scenario("backpressure")
  },
  {
    name: "a socket that was paused is never read again",
    file: internal("events/log/backpressure.ts"),
    from: "this.socket?.resume()",
    to: "",
    test: scenario("backpressure")
  },
  {
    name: "a reader that waits is not woken",
    file: internal("events/reader.ts"),
    from: "const waiting = Array.from(this.waiters)",
    to: "const waiting = Array.from(this.waiters).slice(1)",
    test: "gateway/test/internal/events/reader.test.ts"
  },
  {
    name: "the gate does not hold an event back",
    file: internal("events/log/deliveryGate.ts"),
    from: "if (position <= this.limit) {",
    to: "if (position > 0) {",
    test: "gateway/test/internal/events/cursor.test.ts"
  },
  {
    name: "requeued events are read in another order",
    file: internal("events/log/itemQueue.ts"),
    from: ".sort((a, b) => a.position - b.position)",
    to: "",
    test: "gateway/test/internal/events/cursor.test.ts"
  },
  {
    name: "a run adopts a run of other events",
    file: internal("events/readerRegistry.ts"),
    from: "covers(wanted, ended.reader.options.wanted)",
    to: "true",
    test: "gateway/test/internal/events/readers.test.ts"
  },
  {
    name: "a run that has ended is not kept for the next run",
    file: internal("events/readerRegistry.ts"),
    from: "this.endedRuns.add(ended)",
    to: "this.close(reader)",
    test: "gateway/test/internal/events/readerLives.test.ts"
  },
  {
    name: "events of one guild are handled at the same time",
    file: internal("events/runner.ts"),
    from: "order?.tryBegin(task) === true",
    to: "order?.tryBegin(task) !== undefined",
    test: scenario("runForEach")
  },
  {
    name: "the event of an interrupted fiber counts as done",
    file: internal("events/nextEvent.ts"),
    from: "inFlight?.cursor.requeue([inFlight.entry])",
    to: "inFlight?.cursor.done(inFlight.entry)",
    test: scenario("handOver")
  },
  {
    name: "unhandled events count as done",
    file: internal("events/log/eventLog.ts"),
    from: "Math.min(session.sequence, ...unfinished.map((s) => s - 1))",
    to: "session.sequence",
    test: scenario("handOver")
  }
]
