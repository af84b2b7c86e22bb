/** The terminal: a live view, its data, and output as lines. */
export type { Cell, Column, Display, Fact, Line, Mark, Moment, Panel, Row, Tone } from "./display.js"
export { fact } from "./display.js"
export { show, type View } from "./live.js"
export { chooseMode, type Mode, provideConsole, write, writeLine, writeNotice, writeText } from "./output.js"
export * as Rates from "./rates.js"
export { plainLine } from "./screen.js"
export { clean, counted, pad, plural, ranges, wrap } from "./text.js"
