import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Button } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { useKeys } from '../shell/keys';
import { visibleLine } from '../text/visible';
import { useClass } from './frame';
import type { Grid } from './grid';
import { GridRow } from './GridRow';
import { useDescribe } from './useDescribe';
import { useHeldOrder, usePointedAt } from './useHeldOrder';

export const ROW_PX = 30;
const HEADER_PX = 34;

interface GridCardProps {
  grid: Grid;
  order: readonly string[];
  chosen: string;
  onOpen: (student_id: string) => void;
  onClear: () => void;
}

/** Students and cells: as many rows as fit, the others when they are scrolled to. */
export function GridCard({ grid, order, chosen, onOpen, onClear }: GridCardProps): ReactElement {
  const { t } = useTranslation();
  const { pointedAt, listeners } = usePointedAt();
  const { order: shown, isHeld } = useHeldOrder(order, pointedAt, chosen);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useRows(scroller, shown);
  if (shown.length === 0 && grid.rows.size > 0) {
    return (
      <p className="empty">
        {t('live.no_match')}{' '}
        <Button size="sm" variant="outline-secondary" onClick={onClear}>
          {t('live.clear')}
        </Button>
      </p>
    );
  }
  return (
    <div className="scroller" ref={scroller} {...listeners}>
      <table className="grid" aria-label={t('live.table')} aria-rowcount={shown.length + 1}>
        <ColumnWidths count={grid.columns.length} />
        <Head columns={grid.columns} isHeld={isHeld} />
        <Body grid={grid} shown={shown} rows={rows} onOpen={onOpen} />
      </table>
    </div>
  );
}

type Rows = ReturnType<typeof useRows>;

function useRows(scroller: React.RefObject<HTMLDivElement | null>, shown: readonly string[]) {
  const { visited } = useClass();
  const [active, setActive] = useState(visited);
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 6,
    scrollMargin: HEADER_PX,
    scrollPaddingStart: HEADER_PX,
    useFlushSync: false
  });
  const wantedRef = useRef(visited);
  const go = (step: number): void => {
    const at = shown.indexOf(active ?? '');
    const index = Math.min(Math.max(at + step, 0), shown.length - 1);
    const student_id = shown[index];
    if (student_id !== undefined) {
      wantedRef.current = student_id;
      setActive(student_id);
      virtualizer.scrollToIndex(index, { align: 'auto' });
      focusRow(scroller.current, index);
    }
  };
  useKeys({ j: () => go(1), k: () => go(-1) });
  useEffect(() => {
    if (visited !== null) {
      virtualizer.scrollToIndex(shown.indexOf(visited), { align: 'auto' });
    }
    // Only when the page is shown: later the teacher scrolls.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const tabbable = active !== null && shown.includes(active) ? active : shown[0];
  return { virtualizer, tabbable, wantedRef, setActive, go };
}

// A row that is not drawn yet takes the focus itself as soon as it is.
function focusRow(scroller: HTMLElement | null, index: number): void {
  const link = scroller?.querySelector<HTMLElement>(`tr[aria-rowindex="${index + 2}"] a`);
  link?.focus({ preventScroll: true });
}

function ColumnWidths({ count }: { count: number }): ReactElement {
  return (
    <colgroup>
      <col className="col-name" />
      {Array.from({ length: count }, (_, index) => (
        <col key={index} className="col-cell" />
      ))}
      <col className="col-time" />
    </colgroup>
  );
}

function Head({ columns, isHeld }: { columns: Grid['columns']; isHeld: boolean }): ReactElement {
  const { t } = useTranslation();
  return (
    <thead>
      <tr>
        <th scope="col" className="name">
          {t('live.student')} {isHeld && <small>{t('live.held')}</small>}
        </th>
        {columns.map(column => {
          const label = visibleLine(column.label, 40);
          return (
            <th scope="col" key={column.cell_key} title={t('live.cell', { label })}>
              <bdi>{label}</bdi>
            </th>
          );
        })}
        <th scope="col" className="time">
          {t('live.last_activity')}
        </th>
      </tr>
    </thead>
  );
}

interface BodyProps {
  grid: Grid;
  shown: readonly string[];
  rows: Rows;
  onOpen: (student_id: string) => void;
}

function Body({ grid, shown, rows, onOpen }: BodyProps): ReactElement {
  const { labels } = useClass();
  const describe = useDescribe();
  const { virtualizer, tabbable, wantedRef, setActive } = rows;
  const items = virtualizer.getVirtualItems();
  const above = (items[0]?.start ?? HEADER_PX) - HEADER_PX;
  const below = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? HEADER_PX) - HEADER_PX);
  return (
    <tbody>
      <Spacer height_px={above} />
      {items.map(item => {
        const student_id = shown[item.index] ?? '';
        const row = grid.rows.get(student_id);
        return (
          row && (
            <GridRow
              key={student_id}
              row={row}
              columns={grid.columns}
              labels={labels}
              describe={describe}
              index={item.index}
              isTabbable={student_id === tabbable}
              wantedRef={wantedRef}
              onActive={setActive}
              onOpen={onOpen}
            />
          )
        );
      })}
      <Spacer height_px={below} />
    </tbody>
  );
}

function Spacer({ height_px }: { height_px: number }): ReactElement {
  return (
    <tr aria-hidden="true" className="spacer" style={{ height: Math.max(0, height_px) }}>
      <td />
    </tr>
  );
}
