/** The page's languages: the browser's, or the one that the viewer chose. */

import i18next from 'i18next';
import type { i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en.json';
import ja from './ja.json';

export const LANGUAGES = { en: 'English', ja: '日本語' } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = 'cell-monitor-language';

/** The chosen language, else the first of the browser's that there is, else English. */
export function preferredLanguage(
  stored: string | null,
  wanted: readonly string[] = navigator.languages
): Language {
  const known = [stored ?? '', ...wanted].map(tag => tag.slice(0, 2).toLowerCase());
  return (known.find(tag => tag in LANGUAGES) ?? 'en') as Language;
}

/** Translations, ready for use; a change of language is kept for the next visit. */
export function createTranslations(language?: Language): i18n {
  const translations = i18next.createInstance();
  translations.on('languageChanged', chosen => {
    document.documentElement.lang = chosen;
  });
  void translations.use(initReactI18next).init({
    lng: language ?? preferredLanguage(localStorage.getItem(STORED)),
    fallbackLng: 'en',
    initAsync: false,
    resources: { en: { translation: en }, ja: { translation: ja } },
    // React writes text nodes: nothing to escape.
    interpolation: { escapeValue: false }
  });
  return translations;
}

export function chooseLanguage(translations: i18n, language: Language): void {
  localStorage.setItem(STORED, language);
  void translations.changeLanguage(language);
}
