/** The concerns about a student's records, in words. */

import { useTranslation } from 'react-i18next';
import { sayDuration } from '../time/format';
import type { Concern } from './delivery';

/** A line for each concern: `short` for a sign, else with what it means. */
export function useConcerns(): (concerns: readonly Concern[], short?: boolean) => string[] {
  const { t, i18n } = useTranslation();
  return (concerns, short = false) =>
    concerns.map(({ kind, count, ms }) => {
      const time = sayDuration(ms, i18n.language);
      return t(`delivery.${kind}.${short ? 'short' : 'text'}`, { count, time });
    });
}
