/** What a standard queue may do and rarely does: at least once, in any order. */

/** Chances from 0 to 1. A copy is not copied again, so that a queue comes to rest whatever the chances are. */
export interface DisorderOptions {
  /** From 0 to below 1; seeded, a run can be repeated. */
  readonly random: () => number;
  /** That a message which is handed out can be received once more at once. */
  readonly duplicate?: number;
  /** That a message can be received once more after it was deleted. */
  readonly afterDeletion?: number;
  /** Hands out in any order. */
  readonly shuffle?: boolean;
}

/** How a queue decides, asked at every step. */
export interface Disorder {
  order<T>(visible: Set<T>): Iterable<T>;
  repeats(): boolean;
  survivesDeletion(): boolean;
}

export const inOrder: Disorder = {
  order: (visible) => visible,
  repeats: () => false,
  survivesDeletion: () => false,
};

export function disorder({ random, duplicate = 0, afterDeletion = 0, shuffle = false }: DisorderOptions): Disorder {
  return {
    order: (visible) => (shuffle ? shuffled([...visible], random) : visible),
    repeats: () => random() < duplicate,
    survivesDeletion: () => random() < afterDeletion,
  };
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
