/** Names, or numbers only while the page is shown to the whole class. */

import { createContext, useContext, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

export interface Presentation {
  numbersOnly: boolean;
  setNumbersOnly: (numbersOnly: boolean) => void;
}

const STORED = 'cell-monitor-numbers-only';

const PresentationContext = createContext<Presentation>({
  numbersOnly: false,
  setNumbersOnly: () => undefined
});

export function PresentationProvider({ children }: { children: ReactNode }): ReactElement {
  // Kept, so that a reload in front of the class does not show the names.
  const [numbersOnly, setState] = useState(() => localStorage.getItem(STORED) === 'yes');
  const value = useMemo(() => {
    const setNumbersOnly = (wanted: boolean): void => {
      localStorage.setItem(STORED, wanted ? 'yes' : 'no');
      setState(wanted);
    };
    return { numbersOnly, setNumbersOnly };
  }, [numbersOnly]);
  return <PresentationContext value={value}>{children}</PresentationContext>;
}

export function usePresentation(): Presentation {
  return useContext(PresentationContext);
}
