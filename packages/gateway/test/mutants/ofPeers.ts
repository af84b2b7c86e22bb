/** Mistakes in the limits and the cleaning of the gateway's messages. */
import { internal, type Mutant } from "./mutant.js"

const receiver = "gateway/test/internal/receiver.test.ts"
const logLines = "gateway/test/scenarios/logLines.test.ts"

export const ofPeers: ReadonlyArray<Mutant> = [
  {
    name: "the cache of event names has no limit",
    file: internal("wire/eventNames.ts"),
    from: "known === undefined && names.size < max",
    to: "known === undefined",
    test: receiver
  },
  {
    name: "the counters of event names have no limit",
    file: internal("state/counters.ts"),
    from: "self.events.size < maxNames || EventType.isKnown(name)",
    to: "name.length > 0",
    test: receiver
  },
  {
    name: "a later reason for the end of a connection overrides the first",
    file: internal("connection/receiver.ts"),
    from: "    if (!ended) {\n",
    to: "    if (!ended || reason._tag !== \"ReconnectRequested\") {\n",
    test: receiver
  },
  {
    name: "a sequence far ahead is believed",
    file: internal("connection/receiver.ts"),
    from: "if (s - session.sequence > maxAhead)",
    to: "if (s - session.sequence > Number.MAX_VALUE)",
    test: receiver
  },
  {
    name: "an event that is too large is replayed for ever",
    file: internal("wire/refusedMessages.ts"),
    from: "  session.sequence++\n",
    to: "",
    test: receiver
  },
  {
    name: "a READY of nested brackets is parsed",
    file: internal("connection/receiver.ts"),
    from: "if (Nesting.isDeeperThan(text, maxReadyDepth))",
    to: "if (text.length < 0)",
    test: receiver
  },
  {
    name: "brackets in strings count as nested",
    file: internal("wire/nesting.ts"),
    from: "isInString = true",
    to: "isInString = false",
    test: "gateway/test/internal/wire/nesting.test.ts"
  },
  {
    name: "each line of a flood is logged",
    file: internal("diagnostics/throttle.ts"),
    from: "kind.written >= burst && now < kind.nextAt",
    to: "false",
    test: "gateway/test/day/day.test.ts"
  },
  {
    name: "back-off has no jitter",
    file: internal("time/backoff.ts"),
    from: " * (1 - random / 2)",
    to: "",
    test: logLines
  },
  {
    name: "a loss is logged twice",
    file: internal("shard/supervisor.ts"),
    from: "return publish(state, Diagnostic.Failure",
    to: "return report(state, Diagnostic.Failure",
    test: logLines
  },
  {
    name: "a paused socket is not resumed while it closes",
    file: "platform-node/src/internal/webSocket.ts",
    from: "    socket.resume()\n    return awaitClosed",
    to: "    return awaitClosed",
    test: "platform-node/test/NodeGatewaySocket.test.ts"
  }
]
