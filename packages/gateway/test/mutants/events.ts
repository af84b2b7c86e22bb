/** Faults of the event log, its readers and the runner of handlers. */
import { internal, type Mutant, scenario } from "./mutant.js"

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "a full cursor does not pause the socket",
    file: internal("events/log/cursor.ts"),
    from: "log.flow.add(this)",
    to: "",
    test: scenario("backpressure")
  },
  {
    name: "a socket that was paused is never read again",
    file: internal("events/log/flow.ts"),
    from: "this.source?.resume()",
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
    file: internal("events/log/gate.ts"),
    from: "if (position <= this.limit) {",
    to: "if (position > 0) {",
    test: "gateway/test/internal/events/cursor.test.ts"
  },
  {
    name: "events that are given back are read in another order",
    file: internal("events/log/itemQueue.ts"),
    from: ".sort((a, b) => a.position - b.position)",
    to: "",
    test: "gateway/test/internal/events/cursor.test.ts"
  },
  {
    name: "a run takes over what a run of other events has left",
    file: internal("events/readers.ts"),
    from: "covers(wanted, leftover.reader.options.wanted)",
    to: "true",
    test: "gateway/test/internal/events/readers.test.ts"
  },
  {
    name: "a run that has ended keeps no place",
    file: internal("events/readers.ts"),
    from: "this.leftovers.add(leftover)",
    to: "this.close(reader)",
    test: "gateway/test/internal/events/readerLives.test.ts"
  },
  {
    name: "events of one guild are handled at the same time",
    file: internal("events/runner.ts"),
    from: "if (this.lanes.enter(task)) {",
    to: "if (this.lanes.enter(task) || task.lane !== \"\") {",
    test: scenario("runForEach")
  },
  {
    name: "the event of an interrupted fiber counts as done",
    file: internal("events/nextEvent.ts"),
    from: "held?.cursor.giveBack([held.entry])",
    to: "held?.cursor.done(held.entry)",
    test: scenario("handOver")
  },
  {
    name: "what was not handled counts as done",
    file: internal("events/log/eventLog.ts"),
    from: "Math.min(session.sequence, ...unfinished.map((s) => s - 1))",
    to: "session.sequence",
    test: scenario("handOver")
  }
]
