/** The keys of the page. */

import { useEffect, useRef } from 'react';

export type Keys = Partial<Record<string, () => void>>;

/** Calls the function of a key, unless somebody types or a dialog is open. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const act = current.current[event.key];
      if (act && isFree(event)) {
        event.preventDefault();
        act();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

function isFree(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
  const target = event.target instanceof Element ? event.target : null;
  const typing = target?.closest('input, select, textarea, [contenteditable], [role="menu"]');
  return !modified && !event.defaultPrevented && !typing && !document.querySelector('.modal.show');
}
