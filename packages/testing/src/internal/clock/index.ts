/** Timers of the virtual clock. */
export * as TimerQueue from "./timerQueue.js"
