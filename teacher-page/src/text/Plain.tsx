/** Shows what somebody else wrote: as text, apart from the text around it. */

import { useState } from 'react';
import type { ReactElement } from 'react';
import { Button } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';

/** A name, a path, a message within a line. `text` is already made visible. */
export function Plain({ text, className }: { text: string; className?: string }): ReactElement {
  return <bdi className={className}>{text}</bdi>;
}

const SHOWN_AT_FIRST = 20_000;

/** Code, an output, a traceback: with its line breaks, the first part of a very long one. */
export function PlainBlock({ text, label }: { text: string; label: string }): ReactElement {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const cut = !all && text.length > SHOWN_AT_FIRST;
  return (
    <div className="plain-block">
      {/* Scrolls, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre dir="ltr" tabIndex={0} role="region" aria-label={label}>
        {cut ? text.slice(0, SHOWN_AT_FIRST) : text}
      </pre>
      {cut && (
        <Button size="sm" variant="outline-secondary" onClick={() => setAll(true)}>
          {t('student.show_all', { count: text.length })}
        </Button>
      )}
    </div>
  );
}
