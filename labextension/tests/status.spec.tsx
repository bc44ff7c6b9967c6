import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import type { ISendingState } from '../src/delivery';
import { StatusView } from '../src/panel/status';
import { SENT } from './fakes/panel';

const trans = nullTranslator.load('test');

describe('the status bar item', () => {
  const show = (state: Partial<ISendingState>, open: () => void = () => undefined) => {
    render(<StatusView sending={{ ...SENT, ...state }} trans={trans} open={open} />);
    return screen.getByRole('button');
  };

  it.each<[Partial<ISendingState>, string]>([
    [{}, 'All sent'],
    [{ state: 'waiting', waiting: 3, trouble: 'unavailable' }, '3 waiting'],
    [{ state: 'waiting', waiting: 3, trouble: 'offline' }, '3 waiting (offline)'],
    [{ state: 'signed_out' }, 'Signed out'],
    [{ state: 'signed_out', waiting: 3 }, 'Signed out, 3 waiting'],
    [{ state: 'no_service' }, 'No Cell Monitor service'],
    [{ state: 'refused' }, 'Not recorded here']
  ])('says of %p: %s', (state, label) => {
    const item = show(state);
    expect(item.textContent).toBe(label);
    expect(item.getAttribute('aria-label')).toBe(`Cell Monitor: ${label}`);
  });

  it('says in its tooltip what to do', () => {
    expect(show({ state: 'signed_out' }).title).toMatch(/sent when you have signed in again/);
  });

  it('opens the sidebar', () => {
    let opened = 0;
    fireEvent.click(show({}, () => void (opened += 1)));
    expect(opened).toBe(1);
  });
});
