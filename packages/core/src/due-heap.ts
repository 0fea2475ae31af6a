/** Things that wait for their time: the earliest comes first, of those at one time the first that was added. */
export interface DueHeap<T> {
  /** An item may be in it more than once. */
  push(due: number, item: T): void;
  /** Takes the first one whose time has come. */
  popDue(now: number): { readonly due: number; readonly item: T } | undefined;
  /** When the first one's time comes; Infinity when there is none. */
  nextDue(): number;
  size(): number;
  clear(): void;
}

interface Node<T> {
  readonly due: number;
  readonly order: number;
  readonly item: T;
}

export function createDueHeap<T>(): DueHeap<T> {
  const nodes: Node<T>[] = [];
  let added = 0;

  function isBefore(a: number, b: number): boolean {
    const first = nodes[a];
    const second = nodes[b];
    if (first === undefined || second === undefined) return first !== undefined;
    return first.due < second.due || (first.due === second.due && first.order < second.order);
  }

  function swap(a: number, b: number): void {
    const first = nodes[a];
    const second = nodes[b];
    if (first === undefined || second === undefined) return;
    nodes[a] = second;
    nodes[b] = first;
  }

  function rise(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(index, parent)) return;
      swap(index, parent);
      index = parent;
    }
  }

  function sink(): void {
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const child = isBefore(left + 1, left) ? left + 1 : left;
      if (!isBefore(child, index)) return;
      swap(index, child);
      index = child;
    }
  }

  return {
    push(due, item) {
      added += 1;
      nodes.push({ due, order: added, item });
      rise(nodes.length - 1);
    },
    popDue(now) {
      const first = nodes[0];
      if (first === undefined || first.due > now) return undefined;
      const last = nodes.pop();
      if (last !== undefined && nodes.length > 0) {
        nodes[0] = last;
        sink();
      }
      return first;
    },
    nextDue: () => nodes[0]?.due ?? Number.POSITIVE_INFINITY,
    size: () => nodes.length,
    clear() {
      nodes.length = 0;
    },
  };
}
