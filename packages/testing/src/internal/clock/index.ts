/** Timers of the virtual clock, and a clock that does not move. */
export * as Stillness from "./stillness.js"
export * as TimerQueue from "./timerQueue.js"
