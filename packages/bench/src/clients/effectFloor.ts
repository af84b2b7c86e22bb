/** The floor in a process that imports Effect without using it, as a bot on Effect would. */
import "effect/Effect"
import "effect/Schema"
import "effect/Stream"
import "./floor.js"
