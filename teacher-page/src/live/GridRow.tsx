import { memo, useEffect, useRef } from 'react';
import type { MouseEvent, ReactElement, RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { Time } from '../time/Time';
import { useWorld } from '../world';
import { concernsOf } from './delivery';
import { useClass } from './frame';
import type { Grid, LiveCell, LiveRow } from './grid';
import type { Labels } from './labels';
import { failuresOf, needOf } from './need';
import { signOf } from './signs';
import { useConcerns } from './useConcerns';
import type { Describe } from './useDescribe';

interface GridRowProps {
  row: LiveRow;
  columns: Grid['columns'];
  labels: Labels;
  describe: Describe;
  index: number;
  isTabbable: boolean;
  /** The student on whom the focus shall be, until it is. */
  wantedRef: RefObject<string | null>;
  onActive: (student_id: string) => void;
  onOpen: (student_id: string) => void;
}

/** A student's line; renders only when something in it changed. */
export const GridRow = memo(function GridRow(props: GridRowProps): ReactElement {
  const { row, columns, labels, describe, index, onOpen } = props;
  const open = (event: MouseEvent): void => {
    // The link within does the same, and more with Ctrl.
    if (!(event.target instanceof Element && event.target.closest('a'))) {
      onOpen(row.student_id);
    }
  };
  return (
    // The link in the first cell is the keyboard's way.

    <tr className={`need-${needOf(row)}`} aria-rowindex={index + 2} onClick={open}>
      <RowHead {...props} />
      {columns.map(column => (
        <CellBox
          key={column.cell_key}
          cell={row.cells.get(column.cell_key)}
          describe={describe}
          mask={labels.mask}
        />
      ))}
      <LastActivity at={row.last_seen_at} />
    </tr>
  );
});

function RowHead({ row, labels, isTabbable, wantedRef, onActive }: GridRowProps): ReactElement {
  const { detail, visit } = useClass();
  const { search } = useLocation();
  const { main, small } = labels.of(row.student_id);
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (isTabbable && wantedRef.current === row.student_id) {
      link.current?.focus({ preventScroll: true });
    }
  });
  const path = `/classes/${encodeURIComponent(detail.class_id)}/students/${labels.pathOf(row.student_id)}`;
  return (
    <th scope="row" className="name" title={small ? `${main} · ${small}` : main}>
      <Link
        ref={link}
        to={{ pathname: path, search }}
        tabIndex={isTabbable ? 0 : -1}
        onFocus={() => {
          wantedRef.current = null;
          onActive(row.student_id);
        }}
        onClick={() => visit(row.student_id)}
      >
        <Plain text={main} />
        {small && (
          <small>
            <Plain text={small} />
          </small>
        )}
        <NeedWords row={row} />
        <DeliveryMark row={row} />
      </Link>
    </th>
  );
}

function NeedWords({ row }: { row: LiveRow }): ReactElement | null {
  const { t } = useTranslation();
  const need = needOf(row);
  if (need === 'none') {
    return null;
  }
  return (
    <span className="visually-hidden">{t(`live.needs.${need}`, { count: failuresOf(row) })}</span>
  );
}

/** A sign on the line of a student whose records are not all there, or whose clock is off. */
function DeliveryMark({ row }: { row: LiveRow }): ReactElement | null {
  const say = useConcerns();
  const words = say(concernsOf(row), true).join(' ');
  return words === '' ? null : (
    <span className="delivery-mark" role="img" aria-label={words} title={words}>
      ⚠
    </span>
  );
}

const GLOW_MS = 1_500;

interface CellBoxProps {
  cell: LiveCell | undefined;
  describe: Describe;
  mask: (text: string) => string;
}

const CellBox = memo(function CellBox({ cell, describe, mask }: CellBoxProps): ReactElement {
  const { clock } = useWorld();
  const words = describe(cell);
  if (!cell) {
    return (
      <td aria-label={words}>
        <span className="cell cell-none">·</span>
      </td>
    );
  }
  const { error, changed_at = 0 } = cell;
  const fresh = clock.now() - changed_at < GLOW_MS;
  const failing = error && cell.status === 'error';
  const what = failing ? mask(visibleLine(`${error.name}: ${error.message}`, 200)) : '';
  return (
    <td aria-label={words} title={what ? `${words}\n${what}` : words}>
      <span
        key={changed_at}
        className={`cell cell-${cell.status}${fresh ? ' glow' : ''}`}
        aria-hidden="true"
      >
        {signOf(cell.status, cell.tries, cell.failures)}
      </span>
    </td>
  );
});

const LastActivity = memo(function LastActivity({ at }: { at: number | null }): ReactElement {
  const { t } = useTranslation();
  return <td className="time">{at === null ? t('live.never') : <Time at={at} />}</td>;
});
