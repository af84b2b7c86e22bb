/** The guard around code of the program: stores, queues and callbacks. */
export * as Guard from "./guard.js"
