/**
 * Possible mistakes in Vesper's code, as replacements of a text that occurs exactly once. Each names the test file that has to fail.
 * `npm run mutants` applies them to a copy.
 */
export interface Mutant {
  readonly name: string
  /** From `packages/`. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** From `packages/`. */
  readonly test: string
}

export const gateway = (file: string) => `gateway/src/${file}`
export const internal = (file: string) => `gateway/src/internal/${file}`
export const scenario = (name: string) => `gateway/test/scenarios/${name}.test.ts`
