/** Mistakes in clocks, limits and checks of input that no other table has. */
import { gateway, internal, type Mutant, scenario } from "./mutant.js"

const wallMillis = "Effect.clockWith((clock) => clock.currentTimeMillis)"
const peerInput = "gateway/test/internal/peerInput.test.ts"
const phaseTimeout = "gateway/test/internal/phaseTimeout.test.ts"
const storedState = "gateway/test/internal/identify/storedState.test.ts"
const wallClock = scenario("wallClock")

export const limits: ReadonlyArray<Mutant> = [
  {
    name: "the pace of reconnects goes by the wall clock",
    file: internal("reconnect/throttle.ts"),
    from: "Effect.flatMap(Monotonic.currentMillis, (now) => {",
    to: `Effect.flatMap(${wallMillis}, (now) => {`,
    test: wallClock
  },
  {
    name: "presences and bulk requests wait by the wall clock",
    file: internal("commands/queueWriter.ts"),
    from: "Effect.map(Monotonic.currentMillis, (now): Waits =>",
    to: `Effect.map(${wallMillis}, (now): Waits =>`,
    test: wallClock
  },
  {
    name: "commands wait by the wall clock",
    file: internal("commands/rateLimiter.ts"),
    from: "awaitRoom: Effect.Effect<void> = Effect.flatMap(Monotonic.currentMillis, (now) => {",
    to: `awaitRoom: Effect.Effect<void> = Effect.flatMap(${wallMillis}, (now) => {`,
    test: wallClock
  },
  {
    name: "the latency goes by the wall clock",
    file: internal("connection/receiver.ts"),
    from: "recordAcknowledged(before, Monotonic.unsafeMillis(clock))",
    to: "recordAcknowledged(before, clock.unsafeCurrentTimeMillis())",
    test: wallClock
  },
  {
    name: "the time away goes by the wall clock",
    file: internal("connection/receiver.ts"),
    from: "Duration.millis(Monotonic.unsafeMillis(clock) - at))",
    to: "Duration.millis(clock.unsafeCurrentTimeMillis() - at))",
    test: wallClock
  },
  {
    name: "repeated log lines are omitted by the wall clock",
    file: internal("diagnostics/report.ts"),
    from: "unsafeTake(key, Monotonic.unsafeMillis(clock))",
    to: "unsafeTake(key, clock.unsafeCurrentTimeMillis())",
    test: wallClock
  },
  {
    name: "a stored window of identifies ends in the far future",
    file: internal("identify/storedState.ts"),
    from: "(at - now.wall <= Budget.longestWindow ? at - now.wall : Budget.longestWindow)",
    to: "(at - now.wall)",
    test: storedState
  },
  {
    name: "a stored identify of the future delays its bucket",
    file: internal("identify/storedState.ts"),
    from: "now.monotonic - (at <= now.wall ? now.wall - at : 0)",
    to: "now.monotonic - (now.wall - at)",
    test: storedState
  },
  {
    name: "a turn of the cluster from the future is waited for",
    file: "cluster/src/internal/identify/index.ts",
    from: "Math.min(turn.freeAt, now + longestTurn)",
    to: "turn.freeAt",
    test: "cluster/test/internal/identify.test.ts"
  },
  {
    name: "each late look extends a phase",
    file: internal("connection/phaseTimeout.ts"),
    from: "if (!isLooking && late >=",
    to: "if (late >=",
    test: phaseTimeout
  },
  {
    name: "a phase expires before its socket was polled",
    file: internal("connection/phaseTimeout.ts"),
    from: "(!isLooking && phase.onPolled !== undefined) || !isRead",
    to: "false",
    test: phaseTimeout
  },
  {
    name: "a READY needs a resume URL",
    file: "model/src/Control.ts",
    from: "resume_gateway_url: Parser.lenient(Parser.nonEmptyText)",
    to: "resume_gateway_url: Parser.nonEmptyText",
    test: peerInput
  },
  {
    name: "a RESUMED without a number does not establish the session",
    file: internal("connection/receiver.ts"),
    from: "    if (!established) {\n      establishResumed(false)",
    to: "    if (!established && s > 0) {\n      establishResumed(false)",
    test: "gateway/test/internal/receiver.test.ts"
  },
  {
    name: "a byte order mark makes a message unreadable",
    file: internal("connection/receiver.ts"),
    from: "!isScanned && Utf8.startsWithByteOrderMark(body)",
    to: "false",
    test: peerInput
  },
  {
    name: "a hello of any length is parsed",
    file: internal("connection/receiver.ts"),
    from: "if (text.length > maxControlLength) {",
    to: "if (text.length < 0) {",
    test: peerInput
  },
  {
    name: "a control payload of any length is kept for readers",
    file: internal("connection/receiver.ts"),
    from: "if (text.length <= maxControlLength) {",
    to: "if (text.length > 0) {",
    test: peerInput
  },
  {
    name: "the bot's name is shown as it was received",
    file: internal("connection/receiver.ts"),
    from: "Option.map(Option.fromNullable(user?.username), (name) => PeerText.clean(name))",
    to: "Option.fromNullable(user?.username)",
    test: peerInput
  },
  {
    name: "the id of a session is kept as it was received",
    file: internal("connection/receiver.ts"),
    from: "PeerText.clean(id) || \"unprintable\"",
    to: "id",
    test: peerInput
  },
  {
    name: "a resume URL of any length is kept",
    file: internal("wire/gatewayUrl.ts"),
    from: "  PeerText.isPlain(resumeUrl, maxResumeUrlLength) &&\n",
    to: "",
    test: peerInput
  },
  {
    name: "a store without a budget does not space the identifies",
    file: gateway("IdentifyQueue.ts"),
    from: "onNone: () => ({ recent: stored.recent, account: configured })",
    to: "onNone: () => ({ recent: [], account: configured })",
    test: "gateway/test/IdentifyStore.test.ts"
  },
  {
    name: "the compression of a base URL is kept",
    file: internal("wire/gatewayUrl.ts"),
    from: "  url.searchParams.delete(\"compress\")\n",
    to: "",
    test: "gateway/test/internal/wire/gatewayUrl.test.ts"
  },
  {
    name: "the version of a base URL is kept",
    file: internal("wire/gatewayUrl.ts"),
    from: "searchParams.set(\"v\",",
    to: "searchParams.append(\"v\",",
    test: "gateway/test/internal/wire/gatewayUrl.test.ts"
  }
]
