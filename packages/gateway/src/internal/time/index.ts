/** Monotonic time, sliding windows and finalizers that cannot be cut short. */
export * as After from "./after.js"
export { backoff } from "./backoff.js"
export * as EventLoopLag from "./eventLoopLag.js"
export * as Monotonic from "./monotonic.js"
export * as SlidingLog from "./slidingLog.js"
export type { Delay, Timer, TimerScheduler } from "./timerScheduler.js"
export { keepInterruption, runToCompletion } from "./uninterrupted.js"
