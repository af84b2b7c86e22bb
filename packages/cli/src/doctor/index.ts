/** Measurements of `vesper doctor`, and their judgements. */
export { run } from "./doctor.js"
