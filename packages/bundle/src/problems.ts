/** The package cannot be made, or must not be shipped: every problem that was found. */
export class PackageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'PackageError';
    this.problems = problems;
  }
}
