/**
 * Settings that are kept outside of the program, and may change while it runs.
 */

export interface ParameterStore {
  /**
   * The text of a parameter as it is now; undefined when there is none of that name.
   *
   * @throws StoreUnavailableError when the store cannot say; asking again later can help
   */
  get(name: string): Promise<string | undefined>;
}
