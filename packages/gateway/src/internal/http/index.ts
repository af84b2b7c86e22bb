/** Requests over HTTP, in modules that are loaded on demand: GET /gateway/bot, and permits of a shared identify queue. */
export {}
