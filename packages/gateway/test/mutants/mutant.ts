/**
 * Faults that a hand could make in Vesper's code, as replacements of what stands there exactly once. Each names the
 * test file that must notice. `npm run mutants` tries them on a copy.
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
