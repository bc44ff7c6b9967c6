import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it } from 'vitest';
import { alerted, CLASS, delivered, gridCell, gridRow, NOTEBOOK, ran } from './testing/examples';
import { openPage } from './testing/page';
import { execution, FakeService } from './testing/service';

const HOSTILE = '<img src=x onerror="alert(1)">\u202e<script>alert(2)</script>';
let service: FakeService;

beforeEach(() => {
  service = new FakeService();
  service.rows = [
    gridRow('ann', { name: 'Ann Lee', number: '11', cells: { a: gridCell({ tries: 3 }) } }),
    gridRow('bob', { name: 'Bob Kuroda', number: '12' }),
    gridRow('eve', { name: HOSTILE, number: null })
  ];
});

const openClass = async (path = ''): Promise<void> => {
  openPage(service, `classes/${CLASS}${path}`);
  await screen.findByRole('rowheader', { name: /Ann Lee|11/ });
  act(() => service.goLive());
};
const rowOf = (name: RegExp) => screen.getByRole('row', { name });
const names = () => screen.getAllByRole('rowheader').map(cell => cell.textContent);

describe('the classes', () => {
  it('are listed with their students and who is active', async () => {
    openPage(service);
    const link = await screen.findByRole('link', { name: /Python.*3 students.*1 active now/ });
    expect(link).toHaveProperty('pathname', `/services/cell-monitor/classes/${CLASS}`);
  });

  it('are for teachers: others are told what to do', async () => {
    service.refusals.set('classes', [403, 'forbidden']);
    openPage(service);
    await screen.findByRole('heading', { name: 'This page is for teachers' });
    screen.getByText(/formgrade-COURSE/);
  });

  it('are not for students who followed a link', async () => {
    service.role = 'student';
    openPage(service);
    await screen.findByRole('heading', { name: 'This page is for teachers' });
  });

  it('of others do not exist', async () => {
    service.refusals.set(`classes/${CLASS}`, [404, 'not_found']);
    openPage(service, `classes/${CLASS}`);
    await screen.findByRole('heading', { name: 'There is no such class' });
  });

  it('load again, once, where the login is gone', async () => {
    service.refusals.set('classes', [401, 'not_signed_in']);
    const page = openPage(service);
    await waitFor(() => expect(page.reloads()).toBe(1));
  });
});

describe('the class live', () => {
  it('says in words what each cell’s sign means', async () => {
    await openClass();
    within(rowOf(/Ann Lee/)).getByRole('cell', { name: 'done after 3 tries' });
    within(rowOf(/Bob Kuroda/)).getAllByRole('cell', { name: 'not run' });
    screen.getByText('Live');
  });

  it('moves with the socket, without a request', async () => {
    await openClass();
    const asked = service.asked.length;
    const error = { name: 'NameError', message: HOSTILE };
    act(() => service.wires.at(-1)?.says(ran(11, 'bob', 'a', { status: 'error', error })));
    act(() => service.wires.at(-1)?.says({ ...alerted(12, 'bob', 'run-11'), error }));
    const cell = await within(rowOf(/Bob Kuroda/)).findByRole('cell', { name: 'failed once' });
    expect(cell.title).toContain('NameError: <img');
    await within(screen.getByRole('complementary')).findByText(/NameError: <img/);
    expect(service.asked).toHaveLength(asked);
  });

  it('reads what was missed in a break', async () => {
    await openClass();
    act(() => service.wires.at(-1)?.breaks(1012));
    screen.getByText('Reconnecting…');
    service.rows[1] = gridRow('bob', { name: 'Bob Kuroda', cells: { b: gridCell({ tries: 7 }) } });
    service.cursor = 20;
    await waitFor(() => expect(service.wires).toHaveLength(2));
    act(() => service.goLive());
    await screen.findByRole('cell', { name: 'done after 7 tries' });
  });

  it('stays at its notebook, which the address names for a reload', async () => {
    await openClass('?sort=number');
    expect(new URLSearchParams(location.search).get('notebook')).toBe(NOTEBOOK);
    expect(new URLSearchParams(location.search).get('sort')).toBe('number');
  });

  it('keeps the rows in place while the teacher points at them', async () => {
    await openClass('?sort=help');
    const user = userEvent.setup();
    const table = screen.getByRole('table');
    await user.hover(table);
    const before = names();
    for (const cursor of [11, 12, 13]) {
      act(() => service.wires.at(-1)?.says(ran(cursor, 'eve', 'a', { status: 'error' })));
    }
    await screen.findByRole('cell', { name: 'failed 3 times in a row' });
    expect(names().map(name => name.slice(0, 3))).toEqual(before.map(name => name.slice(0, 3)));
    await user.unhover(table.parentElement as HTMLElement);
    await waitFor(() => expect(names()[0]).toContain('<img'));
  });

  it('shows numbers only, and then no name or login name anywhere on the page', async () => {
    await openClass();
    const message = "No such file: '/home/bob/x.csv' of Ann Lee";
    const error = { name: 'FileNotFoundError', message };
    act(() => service.wires.at(-1)?.says(ran(11, 'bob', 'a', { status: 'error', error })));
    act(() => service.wires.at(-1)?.says({ ...alerted(12, 'bob', 'run-11'), error }));
    await within(screen.getByRole('complementary')).findByText(/FileNotFoundError/);
    await userEvent.click(screen.getByRole('button', { name: /Numbers only/ }));
    await screen.findByRole('rowheader', { name: /No. 3/ });
    const page = document.documentElement.outerHTML + document.title;
    expect(page).not.toMatch(/\bann\b|\bbob\b|\beve\b|\bLee\b|Kuroda|onerror|Sensei/i);
    expect(page).toContain('FileNotFoundError');
  });
});

describe('the keys', () => {
  it('put the focus on the first student at once', async () => {
    await openClass(`?sort=number&notebook=${NOTEBOOK}`);
    await screen.findByText('Live');
    const user = userEvent.setup();
    await user.click(screen.getByRole('main'));
    await user.keyboard('j');
    expect(document.activeElement?.textContent).toContain('Ann Lee');
  });

  it('lead from the class to a student and back to the row', async () => {
    await openClass('?sort=number');
    const user = userEvent.setup();
    await user.keyboard('j');
    expect(document.activeElement?.textContent).toContain('Ann Lee');
    await user.keyboard('jk{Enter}');
    await screen.findByRole('heading', { name: /Ann Lee/ });
    await user.keyboard('{Escape}');
    await waitFor(() => expect(document.activeElement?.textContent).toContain('Ann Lee'));
    await user.keyboard('{Escape}');
    await screen.findByRole('heading', { name: 'Your classes' });
    expect(location.pathname).toBe('/services/cell-monitor/');
  });

  it('reach the search box, in which letters are letters', async () => {
    await openClass();
    const user = userEvent.setup();
    await user.keyboard('/bo');
    expect(screen.getByRole('searchbox')).toHaveProperty('value', 'bo');
    await waitFor(() => expect(names()).toHaveLength(1));
    await user.keyboard('{Escape}');
    await waitFor(() => expect(names()).toHaveLength(3));
    expect(screen.queryByRole('heading', { name: 'Your classes' })).toBeNull();
  });

  it('are all shown by ?', async () => {
    await openClass();
    await userEvent.keyboard('?');
    const dialog = await screen.findByRole('dialog');
    for (const key of ['/', 'j', 'k', 'Enter', 'Esc', '?']) {
      within(dialog).getByText(key);
    }
  });
});

describe('a student', () => {
  const openStudent = async (path = 'students/ann'): Promise<void> => {
    openPage(service, `classes/${CLASS}/${path}?range=all`);
    await screen.findByRole('heading', { name: 'Runs' });
  };

  it('wrote nothing that becomes an element of the page', async () => {
    const html = { 'text/html': HOSTILE, 'image/svg+xml': '<svg onload="alert(3)">' };
    service.executions = [
      execution(1, {
        code: HOSTILE,
        notebook_path: HOSTILE,
        output: [
          { output_type: 'stream', text: HOSTILE },
          { output_type: 'display_data', data: html }
        ],
        error: { name: HOSTILE, message: HOSTILE, traceback: [HOSTILE], context: null }
      })
    ];
    await openStudent('students/eve');
    await screen.findAllByText(/⟨U\+202E⟩<script>/);
    expect(
      document.querySelector('main img, main script, main svg, [onerror], [onload]')
    ).toBeNull();
    expect(document.documentElement.outerHTML).not.toContain('\u202e');
    screen.getByText('(text/html output, not shown)');
  });

  it('has more runs than one page', async () => {
    service.pageSize = 2;
    service.executions = [1, 2, 3].map(n => execution(n));
    await openStudent();
    expect(await screen.findAllByText(/^print/)).toHaveLength(2);
    await userEvent.click(screen.getByRole('button', { name: 'Load more' }));
    await waitFor(() => expect(screen.getAllByText(/^print/)).toHaveLength(3));
    screen.getByText('These are all runs.');
  });

  it('shows a new run by itself', async () => {
    service.executions = [execution(1)];
    await openStudent();
    await screen.findByText('print(1)');
    act(() => service.goLive());
    service.executions = [execution(1), execution(2)];
    act(() => service.wires.at(-1)?.says(ran(11, 'ann', 'a')));
    await screen.findByText('print(2)');
  });

  it('has no name in the address while numbers are shown', async () => {
    localStorage.setItem('cell-monitor-numbers-only', 'yes');
    service.executions = [execution(1, { code: '# Ann Lee, /home/ann' })];
    await openStudent();
    await screen.findByText(/home/);
    expect(location.pathname).toMatch(/students\/@1$/);
    expect(document.documentElement.outerHTML + document.title).not.toMatch(/\bann\b|Lee/i);
  });
});

describe('records that are not there', () => {
  it('are marked on the student’s line as soon as they are known', async () => {
    await openClass();
    expect(screen.queryByRole('img', { name: /lost/ })).toBeNull();
    act(() => service.wires.at(-1)?.says(delivered(11, 'ann', { dropped_events: 2 })));
    await within(rowOf(/Ann Lee/)).findByRole('img', { name: '2 records were lost.' });
  });

  it('are explained on the student’s page, with a clock that is off', async () => {
    const clock_skew_ms = -3 * 86_400_000;
    service.rows[0] = gridRow('ann', { name: 'Ann Lee', missing_events: 1, clock_skew_ms });
    openPage(service, `classes/${CLASS}/students/ann`);
    const note = await screen.findByRole('alert');
    within(note).getByText(/1 record has not arrived/);
    within(note).getByText(/3 days ahead/);
  });
});
