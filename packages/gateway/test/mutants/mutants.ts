import { commands } from "./commands.js"

/**
 * Faults that a hand could make in Vesper's code, as replacements of what stands there exactly once. Each names the
 * test file that must notice. `npm run mutants` tries them on a copy.
 */
export interface Mutant {
  readonly name: string
  /** From `packages/`. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** From `packages/`. */
  readonly test: string
}

const gateway = (file: string) => `gateway/src/${file}`
const internal = (file: string) => `gateway/src/internal/${file}`
const scenario = (name: string) => `gateway/test/scenarios/${name}.test.ts`

export const mutants: ReadonlyArray<Mutant> = [
  ...commands,
  {
    name: "a heartbeat that the gateway asks for is not sent",
    file: internal("connection.ts"),
    from: "Heartbeats.unsafeBeat(connection, limiter.value, Function.constVoid)",
    to: "",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat that could not be written is taken for written",
    file: internal("heartbeats.ts"),
    from: "Either.isLeft(result) ? receiver.end(result.left) : onWritten()",
    to: "onWritten()",
    test: scenario("heartbeatWrites")
  },
  {
    name: "no jitter before the first heartbeat",
    file: internal("heartbeats.ts"),
    from: "after: millis * jitter",
    to: "after: millis * jitter * 0",
    test: scenario("heartbeat")
  },
  {
    name: "each shard of a fleet has a heart of its own",
    file: internal("fleet.ts"),
    from: "Effect.provideService(Heart.Current, Option.some(heart)),",
    to: "",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat goes out earlier than its slack",
    file: internal("timetable.ts"),
    from: "before.at >= at - slack",
    to: "before.at >= at - slack - 5",
    test: "gateway/test/internal/timetable.test.ts"
  },
  {
    name: "a wall clock that is set back stops all heartbeats",
    file: internal("heart.ts"),
    from: "Number(clock.unsafeCurrentTimeNanos() - origin) / 1_000_000",
    to: "clock.unsafeCurrentTimeMillis() - Number(origin) / 1_000_000",
    test: "gateway/test/Heart.test.ts"
  },
  {
    name: "one that throws when it is to beat stops all others",
    file: internal("heart.ts"),
    from: "member.onDefect(cause)\n    return undefined",
    to: "member.onDefect(cause)\n    throw cause",
    test: "gateway/test/Heart.test.ts"
  },
  {
    name: "one that joins does not wake the heart sooner",
    file: internal("heart.ts"),
    from: "if (nextAt() < sleepsUntil) {",
    to: "if (sleepsUntil === Number.POSITIVE_INFINITY) {",
    test: "gateway/test/Heart.test.ts"
  },
  {
    name: "an acknowledgement from before counts for the next heartbeat",
    file: internal("receiver.ts"),
    from: "      acknowledged = false\n",
    to: "",
    test: scenario("heartbeat")
  },
  {
    name: "a dead connection is not left",
    file: internal("pulse.ts"),
    from: "(seen.isAcknowledged || seen.wasPaused) && !seen.isWriting",
    to: "(seen.isAcknowledged || seen.wasPaused) || !seen.isWriting",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat does not say what was received last",
    file: internal("heartbeats.ts"),
    from: "Outgoing.heartbeat(state.session?.sequence ?? null)",
    to: "Outgoing.heartbeat(null)",
    test: scenario("heartbeat")
  },
  {
    name: "a paused connection counts as dead",
    file: internal("pulse.ts"),
    from: "(seen.isAcknowledged || seen.wasPaused)",
    to: "(seen.isAcknowledged)",
    test: scenario("backpressure")
  },
  {
    name: "1000 on a reconnect",
    file: internal("connection.ts"),
    from: ": CloseFrame.fromIntent(\"KeepSession\")",
    to: ": CloseFrame.fromIntent(\"EndSession\")",
    test: scenario("reconnect")
  },
  {
    name: "an identify past the queue",
    file: internal("connection.ts"),
    from: "services.queue.withPermit(id)(Effect.gen(",
    to: "(<A>(self: A): A => self)(Effect.gen(",
    test: scenario("reconnect")
  },
  {
    name: "no deadline for the hello",
    file: internal("connection.ts"),
    from: "yield* startDeadline(connection, \"hello\", state.config.timeouts.hello)",
    to: "",
    test: scenario("reconnect")
  },
  {
    name: "no deadline for RESUMED",
    file: internal("connection.ts"),
    from: "yield* startDeadline(connection, \"resumed\", config.timeouts.resumed)",
    to: "",
    test: scenario("reconnect")
  },
  {
    name: "a long replay counts as silence",
    file: internal("connection.ts"),
    from: "phase === \"resumed\" && receiver.events() > eventsBefore",
    to: "phase === \"resumed\" && receiver.events() < eventsBefore",
    test: scenario("resume")
  },
  {
    name: "no deadline for opening",
    file: internal("opening.ts"),
    from: "onExpired: () => fail(Disconnect.TimedOut({ phase: \"open\" })),",
    to: "onExpired: () => {},",
    test: scenario("reconnect")
  },
  {
    name: "a deadline does not see that the process was late",
    file: internal("deadline.ts"),
    from: "if (late >= Lag.toleranceMillis) {",
    to: "if (late < 0) {",
    test: "gateway/test/internal/deadline.test.ts"
  },
  {
    name: "the deadline of a phase goes on into the next",
    file: internal("deadline.ts"),
    from: "      stop()\n      stop =",
    to: "      stop =",
    test: "gateway/test/internal/deadline.test.ts"
  },
  {
    name: "a heartbeat goes by the time of a deadline",
    file: internal("heart.ts"),
    from: "(slack > 0 ? loose : exact).enter",
    to: "loose.enter",
    test: "gateway/test/Heart.test.ts"
  },
  {
    name: "a command that is given while none is sent waits for the next connection",
    file: internal("commands/writer.ts"),
    from: "isWriting = false\n  })",
    to: "})",
    test: scenario("commands")
  },
  {
    name: "a limiter that all shards share",
    file: internal("commandLimiter.ts"),
    from: "const commands = SlidingLog.make(windowMillis)",
    to: "const commands = ((globalThis as { log?: SlidingLog.SlidingLog }).log ??= SlidingLog.make(windowMillis))",
    test: scenario("commands")
  },
  {
    name: "121 messages a minute",
    file: gateway("CommandRateLimiter.ts"),
    from: "export const limit = 120",
    to: "export const limit = 121",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "six presences in 20 seconds",
    file: gateway("CommandRateLimiter.ts"),
    from: "export const presenceLimit = 5",
    to: "export const presenceLimit = 6",
    test: scenario("commandKinds")
  },
  {
    name: "a place is free again a moment too soon",
    file: internal("slidingLog.ts"),
    from: "time + windowMillis > now",
    to: "time + windowMillis - 1 > now",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "the session outlives opcode 9 with false",
    file: internal("supervisor.ts"),
    from: "if (decision._tag === \"Identify\") {\n        state.session = undefined\n",
    to: "if (decision._tag === \"Identify\") {\n",
    test: scenario("reconnect")
  },
  {
    name: "an event that comes twice is given twice",
    file: internal("receiver.ts"),
    from: "if (s <= session.sequence)",
    to: "if (s < session.sequence)",
    test: scenario("resume")
  },
  {
    name: "a gap is not told",
    file: internal("receiver.ts"),
    from: "if (s !== session.sequence + 1)",
    to: "if (s < session.sequence)",
    test: scenario("resume")
  },
  {
    name: "an event is taken in behind one that was passed over",
    file: internal("receiver.ts"),
    from: "isDeaf ||= ended",
    to: "isDeaf = ended",
    test: "gateway/test/internal/receiver.test.ts"
  },
  {
    name: "opcode 7 is ignored",
    file: internal("receiver.ts"),
    from: "return end(Disconnect.ReconnectRequested())",
    to: "return undefined",
    test: scenario("reconnect")
  },
  {
    name: "a second hello is accepted",
    file: internal("receiver.ts"),
    from: "return refuse(\"hello\", new Error(\"it came a second time\"))",
    to: "return undefined",
    test: scenario("badInput")
  },
  {
    name: "garbage on a compressed connection is one bad message",
    file: internal("receiver.ts"),
    from: "return isCompressed ? corrupt(parsed.left) :",
    to: "return !isCompressed ? corrupt(parsed.left) :",
    test: scenario("badInput")
  },
  {
    name: "the wait before a reconnect does not grow",
    file: internal("recovery.ts"),
    from: "2 ** Math.min(attempts - 1, 30)",
    to: "1 ** Math.min(attempts - 1, 30)",
    test: "gateway/test/internal/recovery.test.ts"
  },
  {
    name: "a dead resume host is asked for ever",
    file: internal("recovery.ts"),
    from: "hasResumeUrl && failedResumes < policy.resumeAttempts ? \"resume\"",
    to: "hasResumeUrl ? \"resume\"",
    test: scenario("reconnect")
  },
  {
    name: "a new session is asked for while nothing can be reached",
    file: internal("recovery.ts"),
    from: "return ended.opened || lostFor >=",
    to: "return !ended.opened || lostFor >=",
    test: "gateway/test/internal/recovery.test.ts"
  },
  {
    name: "a resume URL that is not safe is followed",
    file: internal("gatewayUrl.ts"),
    from: "new URL(gatewayUrl).protocol !== \"wss:\" ||",
    to: "new URL(gatewayUrl).protocol === \"wss:\" ||",
    test: scenario("security")
  },
  {
    name: "a full buffer does not hold up the socket",
    file: internal("eventBuffer.ts"),
    from: "if (!paused && size() >= capacity) {",
    to: "if (!paused && size() >= capacity * 1_000) {",
    test: scenario("backpressure")
  },
  {
    name: "a socket that was held up is never read again",
    file: internal("eventBuffer.ts"),
    from: "paused = false\n      source.value.resume()",
    to: "paused = false",
    test: scenario("backpressure")
  },
  {
    name: "a reader that was interrupted stays in the queue, and nobody is woken",
    file: internal("eventBuffer.ts"),
    from: "const waiting = Array.from(readers.keys())",
    to: "const waiting = Array.from(readers.keys()).slice(1)",
    test: "gateway/test/internal/eventBuffer.test.ts"
  },
  {
    name: "a command that was interrupted is sent all the same",
    file: internal("commands/queue.ts"),
    from: "() => Effect.sync(() => version.withdraw())",
    to: "() => Effect.void",
    test: "gateway/test/internal/commandQueue.test.ts"
  },
  {
    name: "a shard whose scope has closed says that it is connected",
    file: internal("shard.ts"),
    from: "state.status.set(ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }))\n      }",
    to: "}",
    test: scenario("interruption")
  },
  {
    name: "what was not handled counts as done",
    file: internal("shardState.ts"),
    from: "return Math.max(lowest - 1, session.since)",
    to: "return session.sequence",
    test: scenario("handOver")
  },
  {
    name: "both slots of the store are one",
    file: gateway("SessionStore.ts"),
    from: "number % 2 === 0 ? \"a\" : \"b\"",
    to: "number % 2 === 0 ? \"a\" : \"a\"",
    test: "gateway/test/SessionStore.test.ts"
  },
  {
    name: "a place in the command limit is free as soon as the window is over",
    file: internal("commandLimiter.ts"),
    from: "Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))",
    to: "Duration.toMillis(CommandRateLimiter.window)",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "the token is sent to wherever the API redirects",
    file: gateway("GatewayApi.ts"),
    from: "redirect: \"manual\"",
    to: "redirect: \"follow\"",
    test: "gateway/test/GatewayApi.test.ts"
  },
  {
    name: "a shard keeps all that it knew of its earlier connections",
    file: internal("supervisor.ts"),
    from: "return { history: next, host: decision._tag === \"Resume\" ? decision.host : \"gateway\" }",
    to:
      "yield* steps({ history: next, host: decision._tag === \"Resume\" ? decision.host : \"gateway\" })\nreturn undefined",
    test: scenario("outage")
  },
  {
    name: "what follows the end of a payload is not seen",
    file: internal("envelope.ts"),
    from: "(isLast && position + 1 === bytes.length)",
    to: "(isLast && bytes[position] === closingBrace)",
    test: "gateway/test/internal/envelope.test.ts"
  },
  {
    name: "a close code that stops a shard does not",
    file: "model/src/CloseCode.ts",
    from: "code: 4014,\n    name: \"DisallowedIntents\",\n    mayReconnect: false",
    to: "code: 4014,\n    name: \"DisallowedIntents\",\n    mayReconnect: true",
    test: "gateway/test/internal/recovery.test.ts"
  },
  {
    name: "redirects are followed",
    file: "platform-node/src/internal/webSocket.ts",
    from: "followRedirects: false",
    to: "followRedirects: true",
    test: "platform-node/test/faults.test.ts"
  },
  {
    name: "a message that never ends grows for ever",
    file: "platform-node/src/internal/zlibStream.ts",
    from: "if (collectedBytes > maxMessageBytes)",
    to: "if (collectedBytes < 0)",
    test: "platform-node/test/NodeDecompressor.test.ts"
  },
  {
    name: "an interrupted shard does not finish its close handshake",
    file: "platform-node/src/internal/webSocket.ts",
    from: "      Effect.interruptible,\n      Effect.disconnect,\n",
    to: "      Effect.interruptible,\n",
    test: "platform-node/test/NodeGatewaySocket.test.ts"
  },
  {
    name: "an event's last character goes on with what an earlier one has left",
    file: internal("latin1.ts"),
    from: "memory[inputAt + end] = 0",
    to: "",
    test: "gateway/test/internal/latin1.test.ts"
  },
  {
    name: "an event that is too large for it is rewritten to one byte a character",
    file: internal("latin1.ts"),
    from: "bytes.length > maxBytes",
    to: "bytes.length > maxBytes * 2",
    test: "gateway/test/internal/latin1.test.ts"
  },
  {
    name: "messages read as text have escapes",
    file: internal("receiver.ts"),
    from: "bodyOf(body, bodyAt, state.areTextsShown)",
    to: "bodyOf(body, bodyAt, false)",
    test: "platform-node/test/NodeGateway.test.ts"
  }
]
