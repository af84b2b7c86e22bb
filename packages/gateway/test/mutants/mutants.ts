import { commands } from "./commands.js"
import * as Events from "./events.js"
import { identifyMutants } from "./identifyMutants.js"
import { limits } from "./limits.js"
import { gateway, internal, type Mutant, scenario } from "./mutant.js"
import { ofPeers } from "./ofPeers.js"
import { time } from "./time.js"

/** All faults. */
export const mutants: ReadonlyArray<Mutant> = [
  ...commands,
  ...Events.mutants,
  ...identifyMutants,
  {
    name: "a heartbeat that the gateway asks for is not sent",
    file: internal("connection/receiver.ts"),
    from: "requestHeartbeat = answer",
    to: "requestHeartbeat = () => {}",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat that could not be written is taken for written",
    file: internal("heartbeat/sender.ts"),
    from: "return receiver.end(result.left)",
    to: "return result.left",
    test: scenario("heartbeatWrites")
  },
  {
    name: "no jitter before the first heartbeat",
    file: internal("heartbeat/policy.ts"),
    from: "): number => interval * jitter",
    to: "): number => interval * jitter * 0",
    test: scenario("heartbeat")
  },
  {
    name: "each shard of a fleet has a heartbeat scheduler of its own",
    file: internal("fleet/fleet.ts"),
    from: "Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler)),",
    to: "",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat goes out earlier than its slack",
    file: internal("heartbeat/timerTable.ts"),
    from: "before.at >= at - slack",
    to: "before.at >= at - slack - 5",
    test: "gateway/test/internal/timerTable.test.ts"
  },
  {
    name: "a wall clock that is set back stops limits and heartbeats",
    file: internal("time/monotonic.ts"),
    from: "Number(clock.unsafeCurrentTimeNanos()) / nanosPerMilli",
    to: "clock.unsafeCurrentTimeMillis()",
    test: scenario("wallClock")
  },
  {
    name: "a timer that throws stops all others",
    file: internal("heartbeat/coalescingTimers.ts"),
    from: "timer.onDefect(cause)\n    return undefined",
    to: "timer.onDefect(cause)\n    throw cause",
    test: "gateway/test/HeartbeatScheduler.test.ts"
  },
  {
    name: "a timer that is due sooner does not wake the scheduler",
    file: internal("heartbeat/coalescingTimers.ts"),
    from: "if (nextAt() < sleepsUntil) {",
    to: "if (sleepsUntil === Number.POSITIVE_INFINITY) {",
    test: "gateway/test/HeartbeatScheduler.test.ts"
  },
  {
    name: "an acknowledgement from before counts for the next heartbeat",
    file: internal("connection/receiver.ts"),
    from: "      acknowledged = false\n",
    to: "",
    test: scenario("heartbeat")
  },
  {
    name: "a dead connection is not left",
    file: internal("heartbeat/policy.ts"),
    from: "(seen.isAcknowledged || seen.isPaused) && !seen.isWriting",
    to: "(seen.isAcknowledged || seen.isPaused) || !seen.isWriting",
    test: scenario("heartbeat")
  },
  {
    name: "a heartbeat does not say what was received last",
    file: internal("heartbeat/sender.ts"),
    from: "Outgoing.heartbeat(state.session?.sequence ?? null)",
    to: "Outgoing.heartbeat(null)",
    test: scenario("heartbeat")
  },
  {
    name: "a paused connection counts as dead",
    file: internal("heartbeat/policy.ts"),
    from: "(seen.isAcknowledged || seen.isPaused)",
    to: "(seen.isAcknowledged)",
    test: scenario("backpressure")
  },
  {
    name: "1000 on a reconnect",
    file: internal("connection/connection.ts"),
    from: ": CloseFrame.fromIntent(\"KeepSession\")",
    to: ": CloseFrame.fromIntent(\"EndSession\")",
    test: scenario("reconnect")
  },
  {
    name: "an identify past the queue",
    file: internal("identify/withPermit.ts"),
    from: "queue.withPermit(id)(identify)",
    to: "identify",
    test: scenario("reconnect")
  },
  {
    name: "no deadline for the hello",
    file: internal("connection/connection.ts"),
    from: "yield* startPhase(connection, \"hello\", state.config.timeouts.hello)",
    to: "",
    test: scenario("reconnect")
  },
  {
    name: "no deadline for RESUMED",
    file: internal("connection/connection.ts"),
    from: "yield* startPhase(connection, \"resumed\", config.timeouts.resumed)",
    to: "",
    test: scenario("reconnect")
  },
  {
    name: "a resume without RESUMED is never taken for resumed",
    file: internal("connection/connection.ts"),
    from: "phase === \"resumed\" && receiver.unsafeAssumeResumed()",
    to: "false",
    test: scenario("reconnect")
  },
  {
    name: "no deadline for opening",
    file: internal("connection/open.ts"),
    from: "onExpired: () => fail(Disconnect.TimedOut({ phase: \"open\" })),",
    to: "onExpired: () => {},",
    test: scenario("reconnect")
  },
  {
    name: "a deadline does not see that the process was late",
    file: internal("connection/phaseTimeout.ts"),
    from: "if (!isLooking && late >= EventLoopLag.toleranceMillis) {",
    to: "if (late < 0) {",
    test: "gateway/test/internal/phaseTimeout.test.ts"
  },
  {
    name: "the deadline of a phase goes on into the next",
    file: internal("connection/phaseTimeout.ts"),
    from: "      stop()\n      stop =",
    to: "      stop =",
    test: "gateway/test/internal/phaseTimeout.test.ts"
  },
  {
    name: "a heartbeat goes by the time of a deadline",
    file: internal("heartbeat/coalescingTimers.ts"),
    from: "(slack > 0 ? loose : exact).add",
    to: "loose.add",
    test: "gateway/test/HeartbeatScheduler.test.ts"
  },
  {
    name: "a command that is given while none is sent waits for the next connection",
    file: internal("commands/queueWriter.ts"),
    from: "isWriting = false\n  })",
    to: "})",
    test: scenario("commands")
  },
  {
    name: "a limiter that all shards share",
    file: internal("commands/rateLimiter.ts"),
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
    file: internal("time/slidingLog.ts"),
    from: "time + windowMillis > now",
    to: "time + windowMillis - 1 > now",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "the session outlives opcode 9 with false",
    file: internal("shard/supervisor.ts"),
    from: "if (decision._tag === \"Identify\") {\n        state.session = undefined\n",
    to: "if (decision._tag === \"Identify\") {\n",
    test: scenario("reconnect")
  },
  {
    name: "an event that comes twice is given twice",
    file: internal("connection/receiver.ts"),
    from: "if (s <= session.sequence)",
    to: "if (s < session.sequence)",
    test: scenario("resume")
  },
  {
    name: "a gap is not told",
    file: internal("connection/receiver.ts"),
    from: "if (s !== session.sequence + 1 &&",
    to: "if (s < session.sequence &&",
    test: scenario("resume")
  },
  {
    name: "an event is taken in behind one that was passed over",
    file: internal("connection/receiver.ts"),
    from: "isIgnoring ||= ended",
    to: "isIgnoring = ended",
    test: "gateway/test/internal/receiver.test.ts"
  },
  {
    name: "opcode 7 is ignored",
    file: internal("connection/receiver.ts"),
    from: "return endConnection(Disconnect.ReconnectRequested())",
    to: "return undefined",
    test: scenario("reconnect")
  },
  {
    name: "a second hello is accepted",
    file: internal("connection/receiver.ts"),
    from: "return failProtocol(\"hello\", \"it was received twice\")",
    to: "return undefined",
    test: scenario("badInput")
  },
  {
    name: "garbage on a compressed connection is one bad message",
    file: internal("connection/receiver.ts"),
    from: "if (isCompressed && text",
    to: "if (!isCompressed && text",
    test: "gateway/test/internal/receiver.test.ts"
  },
  {
    name: "the wait before a reconnect does not grow",
    file: internal("time/backoff.ts"),
    from: "2 ** Math.min(attempts - 1, 30)",
    to: "1 ** Math.min(attempts - 1, 30)",
    test: "gateway/test/internal/reconnectPolicy.test.ts"
  },
  {
    name: "a dead resume host is asked for ever",
    file: internal("reconnect/policy.ts"),
    from: "hasResumeUrl && failedResumes < policy.resumeAttempts ? \"resume\"",
    to: "hasResumeUrl ? \"resume\"",
    test: scenario("reconnect")
  },
  {
    name: "a new session is asked for while nothing can be reached",
    file: internal("reconnect/policy.ts"),
    from: "return ended.opened || lostFor >=",
    to: "return !ended.opened || lostFor >=",
    test: "gateway/test/internal/reconnectPolicy.test.ts"
  },
  {
    name: "a resume URL that is not safe is followed",
    file: internal("wire/gatewayUrl.ts"),
    from: "new URL(gatewayUrl).protocol !== \"wss:\" ||",
    to: "new URL(gatewayUrl).protocol === \"wss:\" ||",
    test: scenario("security")
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
    file: internal("shard/shard.ts"),
    from: "state.status.set(ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }))\n      }",
    to: "}",
    test: scenario("interruption")
  },
  {
    name: "both slots of the store are one",
    file: internal("stores/sessions.ts"),
    from: "number % 2 === 0 ? \"a\" : \"b\"",
    to: "number % 2 === 0 ? \"a\" : \"a\"",
    test: "gateway/test/SessionStore.test.ts"
  },
  {
    name: "a place in the command limit is free as soon as the window is over",
    file: internal("commands/rateLimiter.ts"),
    from: "Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))",
    to: "Duration.toMillis(CommandRateLimiter.window)",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "the token is sent to wherever the API redirects",
    file: internal("http/gatewayBot.ts"),
    from: "redirect: \"manual\"",
    to: "redirect: \"follow\"",
    test: "gateway/test/GatewayApi.test.ts"
  },
  {
    name: "a shard keeps all that it knew of its earlier connections",
    file: internal("shard/supervisor.ts"),
    from: "return { history: next, host: decision._tag === \"Resume\" ? decision.host : \"gateway\" }",
    to:
      "yield* steps({ history: next, host: decision._tag === \"Resume\" ? decision.host : \"gateway\" })\nreturn undefined",
    test: scenario("outage")
  },
  {
    name: "what follows the end of a payload is not seen",
    file: internal("wire/envelope.ts"),
    from: "(isLast && position + 1 === bytes.length)",
    to: "(isLast && bytes[position] === closingBrace)",
    test: "gateway/test/internal/envelope.test.ts"
  },
  {
    name: "a close code that stops a shard does not",
    file: "model/src/CloseCode.ts",
    from: "code: 4014,\n    name: \"DisallowedIntents\",\n    mayReconnect: false",
    to: "code: 4014,\n    name: \"DisallowedIntents\",\n    mayReconnect: true",
    test: "gateway/test/internal/reconnectPolicy.test.ts"
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
    file: "platform-node/src/internal/zlibFrames.ts",
    from: "if (needed > maxMessageBytes)",
    to: "if (needed < 0)",
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
    file: internal("wire/latin1.ts"),
    from: "memory[inputAt + end] = 0",
    to: "",
    test: "gateway/test/internal/latin1.test.ts"
  },
  {
    name: "an event that is too large for it is rewritten to one byte a character",
    file: internal("wire/latin1.ts"),
    from: "bytes.length > maxBytes",
    to: "bytes.length > maxBytes * 2",
    test: "gateway/test/internal/latin1.test.ts"
  },
  {
    name: "messages read as text have escapes",
    file: internal("connection/receiver.ts"),
    from: "decodeBody(body, bodyAt, state.preservesText)",
    to: "decodeBody(body, bodyAt, false)",
    test: "platform-node/test/NodeGateway.test.ts"
  },
  ...limits,
  ...time,
  ...ofPeers
]
