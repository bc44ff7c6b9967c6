/** Words for a cell, made once for each kind of cell and language. */

import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { LiveCell } from './grid';

export type Describe = (cell: LiveCell | undefined) => string;

export function useDescribe(): Describe {
  const { t } = useTranslation();
  return useMemo(() => createDescribe(t), [t]);
}

function createDescribe(t: TFunction): Describe {
  const known = new Map<string, string>();
  return cell => {
    const status = cell?.status ?? 'none';
    const count = Math.max(1, (status === 'error' ? cell?.failures : cell?.tries) ?? 1);
    const key = `${status} ${count}`;
    const words = known.get(key) ?? t(`live.say.${status}`, { count });
    known.set(key, words);
    return words;
  };
}
