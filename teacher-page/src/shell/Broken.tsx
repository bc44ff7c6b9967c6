import { Component } from 'react';
import type { ReactNode } from 'react';
import { Button } from 'react-bootstrap';
import { Translation } from 'react-i18next';
import { Notice } from './Problem';

/** Says so in words where a component breaks, instead of an empty page. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override state = { broken: false };

  override render(): ReactNode {
    if (!this.state.broken) {
      return this.props.children;
    }
    return (
      <Translation>
        {t => (
          <Notice
            title={t('problem.broken_title')}
            action={<Button onClick={() => location.reload()}>{t('app.retry')}</Button>}
          >
            {t('problem.broken_text')}
          </Notice>
        )}
      </Translation>
    );
  }
}
