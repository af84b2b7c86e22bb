/**
 * Keeps what is in the session store near the session as it stands, off the hot path: whatever it needs to know it reads
 * from the shard's state when it saves.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FiberHandle from "effect/FiberHandle"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Diagnostic from "../Diagnostic.js"
import * as Session from "../Session.js"
import * as SessionStore from "../SessionStore.js"
import * as BotId from "./botId.js"
import { lastPosition } from "./events/log/entry.js"
import * as GatewayUrl from "./gatewayUrl.js"
import { report } from "./report.js"
import * as ShardState from "./shardState.js"
import { unbroken } from "./unbroken.js"

export interface SessionKeeper {
  /** Takes up the stored session, unless the shard has one; once. */
  readonly load: Effect.Effect<void>
  /** Saves the session as it stands, if it is not the one that is saved. */
  readonly save: Effect.Effect<void>
  /** From now on saves when the status changes, after each interval, and when a reader waits for it. */
  readonly unsafeStart: () => void
  /** Ends that. Waits while it saves: what is cut off in the middle may or may not be in the store. */
  readonly stop: Effect.Effect<void>
}

/** For a shard without a store. */
export const none: SessionKeeper = {
  load: Effect.void,
  save: Effect.void,
  unsafeStart: Function.constVoid,
  stop: Effect.void
}

/** How long an operation of the store may take. */
const patience = Duration.seconds(5)

/** The least time between two saves, so that readers who wait for them do not keep the store busy all the time. */
const pace = Duration.millis(10)

/** What a keeper does, without the fiber that does it. */
const makeWork = (state: ShardState.ShardState, store: SessionStore.SessionStore) => {
  const { config, log } = state
  const key: SessionStore.Key = { bot: Option.getOrElse(BotId.fromToken(config.token), () => "bot"), shard: state.id }
  const latch = Effect.unsafeMakeLatch(false)
  const turn = Effect.unsafeMakeSemaphore(1)
  let saved = Option.none<Session.Session>()
  let isLoaded = false
  let isFailing = false

  const wake = () => {
    latch.unsafeOpen()
  }

  // Whoever acknowledges at receipt promises that nothing is handled twice: it is stored first, and handled then.
  if (config.acknowledge === "onReceive") {
    log.gate.close(lastPosition(), wake)
  }

  const within = <A>(
    operation: SessionStore.SessionStoreError["operation"],
    effect: Effect.Effect<A, SessionStore.SessionStoreError>
  ): Effect.Effect<A, SessionStore.SessionStoreError> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(new SessionStore.SessionStoreError({ operation, cause }))),
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () =>
          new SessionStore.SessionStoreError({
            operation,
            cause: new Error(`it took over ${Duration.format(patience)}`)
          })
      }),
      unbroken
    )

  const write = (session: Option.Option<Session.Session>) =>
    Option.match(session, {
      onNone: () => within("remove", store.remove(key)),
      onSome: (session) => within("save", store.save(key, session))
    })

  const failed = (error: SessionStore.SessionStoreError): Effect.Effect<void> => {
    // Readers do not wait for a store that is down.
    log.openGateUpTo(Number.POSITIVE_INFINITY)
    const isNews = !isFailing
    isFailing = true
    return isNews ? report(state, Diagnostic.SessionStoreFailed({ error })) : Effect.void
  }

  const save = Effect.suspend(() => {
    latch.unsafeClose()
    const received = lastPosition()
    const session = ShardState.session(state)
    const stored = () => {
      saved = session
      isFailing = false
      log.openGateUpTo(received)
    }
    return Equal.equals(session, saved) && !isFailing
      ? Effect.sync(stored)
      : Effect.matchEffect(write(session), { onFailure: failed, onSuccess: () => Effect.sync(stored) })
  }).pipe(Effect.uninterruptible, turn.withPermits(1))

  const takeUp = (session: Session.Session): Effect.Effect<void> => {
    saved = Option.some(session)
    const url = session.resumeUrl
    if (url !== undefined && !GatewayUrl.mayResumeAt(config.gatewayUrl, url)) {
      state.session = ShardState.fromStored(new Session.Session({ id: session.id, sequence: session.sequence }))
      return report(state, Diagnostic.UnsafeResumeUrl({ url }))
    }
    state.session = ShardState.fromStored(session)
    return Effect.void
  }

  const load = Effect.suspend(() => {
    if (isLoaded || state.session !== undefined) {
      return Effect.void
    }
    isLoaded = true
    return Effect.matchEffect(within("load", store.load(key)), {
      onFailure: (error) => report(state, Diagnostic.SessionStoreFailed({ error })),
      onSuccess: Option.match({ onNone: () => Effect.void, onSome: takeUp })
    })
  })

  const saveNext = Effect.timeoutOption(latch.await, config.saveInterval).pipe(
    Effect.zipRight(save),
    Effect.zipRight(Effect.sleep(pace))
  )
  const watch = Stream.runForEach(state.status.changes, () => Effect.sync(wake))
  return {
    load,
    save,
    keep: Effect.zipRight(Effect.fork(watch), Effect.forever(saveNext))
  }
}

export const make = (
  state: ShardState.ShardState,
  store: SessionStore.SessionStore
): Effect.Effect<SessionKeeper, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { keep, load, save } = makeWork(state, store)
    const keeping = yield* FiberHandle.make<void>()
    const fork = yield* FiberHandle.runtime(keeping)<never>()
    return {
      load,
      save,
      unsafeStart: () => {
        fork(Effect.annotateLogs(keep, "shard.id", state.id.id), { onlyIfMissing: true })
      },
      stop: FiberHandle.clear(keeping)
    }
  })
