/** Light or dark: kept where JupyterHub keeps it, so that its pages and this one look alike. */

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORED = 'jupyterhub-bs-theme';
const dark = (): MediaQueryList => matchMedia('(prefers-color-scheme: dark)');

export function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return THEMES.find(theme => theme === stored) ?? 'auto';
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  applyTheme();
}

/** Puts the chosen theme, or the system's, on the page. */
export function applyTheme(): void {
  const theme = storedTheme();
  const system = dark().matches ? 'dark' : 'light';
  document.documentElement.dataset.bsTheme = theme === 'auto' ? system : theme;
}

/** Follow the system and the hub's other pages; the returned function ends it. */
export function followTheme(): () => void {
  const media = dark();
  media.addEventListener('change', applyTheme);
  window.addEventListener('storage', applyTheme);
  applyTheme();
  return () => {
    media.removeEventListener('change', applyTheme);
    window.removeEventListener('storage', applyTheme);
  };
}
