import { assertSecretName, assertSecretText, type SecretStore } from '../ports/secret-store.ts';

/** Secrets in memory, for tests of what uses them. */
export interface MemorySecretStore extends SecretStore {
  /** By their names. Tests may put in what no program would. */
  readonly texts: Map<string, string>;
  /** Every call so far, such as `get signing-billing`. */
  readonly calls: readonly string[];
  /** Calls throw this from now on; undefined ends it. */
  failWith(error: Error | undefined): void;
}

export function createMemorySecretStore(): MemorySecretStore {
  const texts = new Map<string, string>();
  const calls: string[] = [];
  let failure: Error | undefined;

  async function begin(action: string, name: string): Promise<void> {
    calls.push(`${action} ${name}`);
    assertSecretName(name);
    // As a call over a network would, it lets others go on.
    await Promise.resolve();
    if (failure !== undefined) throw failure;
  }

  return {
    texts,
    calls,
    failWith(error) {
      failure = error;
    },
    async get(name) {
      await begin('get', name);
      return texts.get(name);
    },
    async create(name, text) {
      await begin('create', name);
      assertSecretText(text);
      const kept = texts.get(name) ?? text;
      texts.set(name, kept);
      return kept;
    },
    async replace(name, text) {
      await begin('replace', name);
      assertSecretText(text);
      texts.set(name, text);
    },
  };
}
