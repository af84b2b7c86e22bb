/** The fleet of `vesper demo`, and its faults. */
export { demo } from "./demo.js"
