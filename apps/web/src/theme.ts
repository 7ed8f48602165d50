import { type CSSVariablesResolver, createTheme, Drawer, Modal } from '@mantine/core';

/** Their <header> is no banner of the page. */
const quietHeader = { attributes: { header: { role: 'presentation' } } };

export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  autoContrast: true,
  defaultRadius: 'md',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  components: {
    Modal: Modal.extend({ defaultProps: quietHeader }),
    Drawer: Drawer.extend({ defaultProps: quietHeader }),
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
  },
});

/** Where Mantine's own greys are too faint to read (WCAG asks for 4.5 : 1), and its buttons too bright when they are pointed at. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-cyan-filled-hover': '#095c6c',
    '--mantine-color-cyan-light-color': '#095c6c',
    '--mantine-color-dimmed': '#55606b',
    '--mantine-color-placeholder': '#66717c',
    '--mantine-color-body': '#f7f9fa',
    '--mantine-color-default': '#ffffff',
    '--lab-surface': '#ffffff',
    '--lab-line': '#dde3e8',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-anchor': '#0b7285',
  },
  dark: {
    '--mantine-color-cyan-filled-hover': '#095c6c',
    '--mantine-color-dimmed': '#aab4bd',
    '--mantine-color-placeholder': '#97a1ab',
    '--mantine-color-body': '#14181c',
    '--mantine-color-default': '#20262c',
    '--lab-surface': '#1c2227',
    '--lab-line': '#323b43',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#66d9e8',
  },
});
