/** A time that stays true while the page is open. */

import { useSyncExternalStore } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useWorld } from '../world';
import { sayExact, sayTime } from './format';

/** `at` in milliseconds since 1970. Renders only when its words change. */
export function Time({ at }: { at: number }): ReactElement {
  const { clock, ticker } = useWorld();
  const { t, i18n } = useTranslation();
  const now = t('live.now');
  const words = useSyncExternalStore(ticker.subscribe, () =>
    sayTime(at, clock.now(), i18n.language, now)
  );
  return (
    <time dateTime={new Date(at).toISOString()} title={sayExact(at, i18n.language)}>
      {words}
    </time>
  );
}
