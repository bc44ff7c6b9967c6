/** Rows that keep their places while the teacher points at them. */

import { useMemo, useState } from 'react';
import type { FocusEvent, PointerEvent } from 'react';
import { heldOrder } from './order';

/** Whether the pointer or the focus is within an element, and the listeners that find out. */
export function usePointedAt(): {
  pointedAt: boolean;
  listeners: {
    onPointerEnter: (event: PointerEvent) => void;
    onPointerLeave: () => void;
    onFocus: () => void;
    onBlur: (event: FocusEvent) => void;
  };
} {
  const [pointer, setPointer] = useState(false);
  const [focus, setFocus] = useState(false);
  const listeners = useMemo(
    () => ({
      onPointerEnter: () => setPointer(true),
      onPointerLeave: () => setPointer(false),
      onFocus: () => setFocus(true),
      onBlur: (event: FocusEvent) => setFocus(event.currentTarget.contains(event.relatedTarget))
    }),
    []
  );
  return { pointedAt: pointer || focus, listeners };
}

interface Held {
  order: readonly string[];
  chosen: string;
}

/**
 * The wanted order, or the one that is shown while `held`; a new choice always counts.
 * `isHeld`: the two differ.
 */
export function useHeldOrder(
  wanted: readonly string[],
  held: boolean,
  chosen: string
): { order: readonly string[]; isHeld: boolean } {
  const [shown, setShown] = useState<Held>({ order: wanted, chosen });
  const next = held && chosen === shown.chosen ? heldOrder(shown.order, wanted) : wanted;
  const same = next.length === shown.order.length && next.every((id, i) => id === shown.order[i]);
  const order = same ? shown.order : next;
  if (!same || chosen !== shown.chosen) {
    setShown({ order, chosen });
  }
  return { order, isHeld: order.some((id, i) => id !== wanted[i]) };
}
