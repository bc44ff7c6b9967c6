import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { i18n } from 'i18next';
import { useState, useSyncExternalStore } from 'react';
import type { ReactElement } from 'react';
import { I18nextProvider, useTranslation } from 'react-i18next';
import { BrowserRouter, Route, Routes } from 'react-router';
import { isPassing } from './api/problems';
import { ClassesPage } from './classes/ClassesPage';
import { ClassFrame } from './live/ClassFrame';
import { LivePage } from './live/LivePage';
import { Broken } from './shell/Broken';
import type { Login } from './shell/login';
import { PresentationProvider } from './shell/presentation';
import { NotFound } from './shell/Problem';
import { Shell } from './shell/Shell';
import { SignedOut } from './shell/SignedOut';
import { StudentPage } from './student/StudentPage';
import { WorldContext } from './world';
import type { World } from './world';

interface AppProps {
  world: World;
  login: Login;
  translations: i18n;
}

/** The whole page: its routes, and what they share. */
export function App({ world, login, translations }: AppProps): ReactElement {
  const [queries] = useState(createQueries);
  return (
    <I18nextProvider i18n={translations}>
      <WorldContext value={world}>
        <QueryClientProvider client={queries}>
          <PresentationProvider>
            <BrowserRouter basename={world.site.prefix}>
              <Broken>
                <Pages login={login} />
              </Broken>
            </BrowserRouter>
          </PresentationProvider>
        </QueryClientProvider>
      </WorldContext>
    </I18nextProvider>
  );
}

function Pages({ login }: { login: Login }): ReactElement {
  const gone = useSyncExternalStore(login.subscribe, login.isGone);
  if (gone) {
    return <SignedOut />;
  }
  return (
    <Routes>
      <Route index element={<ClassesPage />} />
      <Route path="classes/:class_id" element={<ClassFrame />}>
        <Route index element={<LivePage />} />
        <Route path="students/:student_id" element={<StudentPage />} />
      </Route>
      <Route path="*" element={<NoPage />} />
    </Routes>
  );
}

function NoPage(): ReactElement {
  const { t } = useTranslation();
  return (
    <Shell title={t('problem.page_not_found_title')}>
      <NotFound kind="page_not_found" />
    </Shell>
  );
}

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: (count, error) => isPassing(error) && count < 5, staleTime: 5_000 }
    }
  });
}
