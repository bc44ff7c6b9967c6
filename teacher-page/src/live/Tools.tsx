import type { ReactElement, RefObject } from 'react';
import { Form } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import type { RunStatus } from '../contract';
import { visibleLine } from '../text/visible';
import { fieldValue, RANGES } from './range';
import { parseTime, sayClock, sayDate, sameDay } from '../time/format';
import { useNow } from '../world';
import { ALL_NOTEBOOKS } from './choices';
import type { Choices } from './choices';
import { useClass } from './frame';
import { FILTERS, SORTS } from './order';
import { signOf } from './signs';

interface ToolsProps {
  choices: Choices;
  search: string;
  onSearch: (search: string) => void;
  box: RefObject<HTMLInputElement | null>;
}

/** What to look at, in which order, and what the signs mean. */
export function Tools({ choices, search, onSearch, box }: ToolsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="tools">
      <NotebookChoice choices={choices} />
      <RangeChoice choices={choices} />
      <Choice
        label={t('live.sort')}
        value={choices.sort}
        onChoose={value => choices.choose('sort', value)}
        options={SORTS.map(sort => [sort, t(`live.sorts.${sort}`)])}
      />
      <Choice
        label={t('live.filter')}
        value={choices.filter}
        onChoose={value => choices.choose('filter', value)}
        options={FILTERS.map(filter => [filter, t(`live.filters.${filter}`)])}
      />
      <Form.Control
        ref={box}
        size="sm"
        type="search"
        className="search"
        aria-label={t('live.search')}
        placeholder={t('live.search_placeholder')}
        value={search}
        onChange={event => onSearch(event.target.value)}
      />
      <Legend />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps): ReactElement {
  return (
    <Form.Select
      size="sm"
      aria-label={label}
      title={label}
      value={value}
      onChange={event => onChoose(event.target.value)}
    >
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </Form.Select>
  );
}

/** `all`: the words for all notebooks, where they can be chosen. */
export function NotebookChoice({
  choices,
  all
}: {
  choices: Choices;
  all?: string;
}): ReactElement | null {
  const { t } = useTranslation();
  const { detail, labels } = useClass();
  if (detail.notebooks.length === 0) {
    return null;
  }
  const options = detail.notebooks.map(
    ({ notebook_key, name }) => [notebook_key, labels.mask(visibleLine(name, 60))] as const
  );
  return (
    <Choice
      label={t('live.notebook')}
      value={all && choices.all_notebooks ? ALL_NOTEBOOKS : (choices.notebook_key ?? '')}
      onChoose={value => choices.choose('notebook', value)}
      options={all ? [[ALL_NOTEBOOKS, all], ...options] : options}
    />
  );
}

export function RangeChoice({ choices }: { choices: Choices }): ReactElement {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const sayLesson = useLessonStart();
  const names = RANGES.filter(name => name !== 'lesson' || sayLesson !== null);
  const choose = (value: string): void => {
    if (value === 'custom' && !choices.custom) {
      choices.choose('from', fieldValue(parseTime(choices.since) ?? now));
    }
    choices.choose('range', value);
  };
  return (
    <>
      <Choice
        label={t('live.range')}
        value={choices.range}
        onChoose={choose}
        options={names.map(name => [name, t(`live.ranges.${name}`, { time: sayLesson })])}
      />
      {choices.range === 'custom' && (
        <Form.Control
          size="sm"
          type="datetime-local"
          className="from"
          aria-label={t('live.since')}
          value={choices.custom}
          onChange={event => choices.choose('from', event.target.value)}
        />
      )}
    </>
  );
}

function useLessonStart(): string | null {
  const { i18n } = useTranslation();
  const now = useNow(60_000);
  const at = parseTime(useClass().detail.lesson_started_at);
  if (at === null) {
    return null;
  }
  const clock = sayClock(at, i18n.language);
  return sameDay(at, now) ? clock : `${sayDate(at, now, i18n.language)} ${clock}`;
}

const LEGEND: (RunStatus | 'none')[] = [
  'completed',
  'running',
  'error',
  'interrupted',
  'unknown',
  'none'
];

function Legend(): ReactElement {
  const { t } = useTranslation();
  return (
    <ul className="legend">
      {LEGEND.map(status => (
        <li key={status}>
          <span className={`cell cell-${status}`} aria-hidden="true">
            {status === 'none' ? '·' : signOf(status, 1, 2)}
          </span>
          {t(`live.legend.${status}`)}
        </li>
      ))}
    </ul>
  );
}
