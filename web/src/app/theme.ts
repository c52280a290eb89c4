/** The one set of design tokens. Colours carry a meaning; a page never names a hex value of its own. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const petrol: MantineColorsTuple = [
  "#eef6f8", "#d8e9ee", "#b2d3dc", "#86bac8", "#58a0b2", "#35879b", "#1e6f85", "#155b6f", "#10495a", "#0b3644",
];
const slate: MantineColorsTuple = [
  "#f6f8f9", "#edf1f3", "#dfe6ea", "#c9d3d9", "#a5b2bb", "#7d8c97", "#5b6a76", "#455460", "#303d48", "#1b2730",
];
const night: MantineColorsTuple = [
  "#d7dfe5", "#b5c0c9", "#94a2ad", "#74828d", "#475460", "#2d3842", "#202931", "#171e25", "#10161b", "#090d10",
];
const signal: MantineColorsTuple = [
  "#fdf0ee", "#f9dcd8", "#f1b5ad", "#e88b7f", "#de6556", "#cf4536", "#b93225", "#9a271c", "#7d1f17", "#601712",
];
const amber: MantineColorsTuple = [
  "#fdf6e6", "#f9e9c4", "#f2d38c", "#e9ba50", "#dca323", "#bd8510", "#96680a", "#7a5407", "#614206", "#493104",
];
const moss: MantineColorsTuple = [
  "#edf7f1", "#d6ecdf", "#abd7bd", "#7cbf98", "#52a677", "#378c5d", "#28734a", "#1f5f3d", "#184c31", "#113824",
];

/** What a finger still hits: WCAG 2.2, 2.5.8. Mantine's smallest sizes are smaller. */
const TARGET = { minWidth: 24, minHeight: 24 };

export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.25,
  colors: { petrol, gray: slate, dark: night, signal, amber, moss },
  white: "#ffffff",
  black: "#1b2730",
  fontFamily:
    'var(--quotes, "Noto Sans CJK SC"), "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", "SF Mono", Consolas, "Noto Sans Mono CJK SC", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.25rem" },
  lineHeights: { xs: "1.45", sm: "1.5", md: "1.55", lg: "1.5", xl: "1.4" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.5rem", lineHeight: "1.3" },
      h2: { fontSize: "1.125rem", lineHeight: "1.4" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.45" },
    },
  },
  defaultRadius: "sm",
  radius: { xs: "3px", sm: "5px", md: "8px", lg: "12px", xl: "20px" },
  shadows: {
    xs: "0 1px 2px rgb(16 40 56 / 0.06)",
    sm: "0 1px 3px rgb(16 40 56 / 0.10)",
    md: "0 4px 14px rgb(16 40 56 / 0.12)",
  },
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    InputWrapper: { styles: { label: { marginBottom: 4, fontWeight: 550 }, description: { marginBottom: 6 } } },
    Button: { defaultProps: { size: "sm" }, styles: { root: TARGET, label: { fontWeight: 550 } } },
    Badge: { defaultProps: { radius: "xs", variant: "light" }, styles: { label: { textTransform: "none", fontWeight: 550 } } },
    Anchor: { defaultProps: { underline: "hover" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 320 } },
    Modal: { styles: { title: { fontWeight: 600, fontSize: "1rem" } }, defaultProps: { centered: true, radius: "md", overlayProps: { backgroundOpacity: 0.45 } } },
    ActionIcon: { defaultProps: { variant: "subtle", size: "lg" }, styles: { root: TARGET } },
    // The first item has the focus instead: a placeholder is no item, which a menu may not hold (WAI-ARIA 1.2, menu).
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
  },
});

/** Surfaces and lines by what they are for, in the light office theme and the dark reading theme. */
export const surfaces: CSSVariablesResolver = (t) => ({
  variables: {
    "--header-bg": "#0f2e3d",
    "--header-text": "#eef5f7",
    "--header-muted": "#a9c4ce",
    "--header-active": "rgb(255 255 255 / 0.12)",
    "--brand-mint": "#66cdbd",
    // Pictures lie on black whatever the page's theme is.
    "--on-picture": night[0],
    "--on-picture-muted": night[1],
    // How wide a list beside the picture is.
    "--viewer-list": "228px",
  },
  light: {
    "--page-bg": "#f1f4f6",
    "--panel-bg": t.white,
    "--panel-line": slate[2],
    "--row-hover": slate[0],
    "--selected-bg": petrol[0],
    "--selected-line": petrol[6],
    "--selected-text": petrol[8],
    "--measured": amber[7],
    "--text-muted": slate[6],
    "--tone-signal": signal[6],
    "--tone-signal-bg": signal[0],
    "--tone-amber": "#8d6109",
    "--tone-amber-bg": amber[0],
    "--tone-moss": moss[6],
    "--tone-moss-bg": moss[0],
    "--tone-petrol": petrol[7],
    "--tone-petrol-bg": petrol[0],
    "--tone-neutral": slate[7],
    "--tone-neutral-bg": slate[1],
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": slate[6],
    "--mantine-color-placeholder": slate[5],
  },
  dark: {
    "--page-bg": night[9],
    "--panel-bg": night[7],
    "--panel-line": night[5],
    "--row-hover": night[6],
    "--selected-bg": "#16323c",
    "--selected-line": petrol[4],
    "--selected-text": t.white,
    "--measured": "#ffdc50",
    "--text-muted": night[2],
    "--tone-signal": "#f29a8f",
    "--tone-signal-bg": "#3a1c19",
    "--tone-amber": "#e9ba50",
    "--tone-amber-bg": "#33280f",
    "--tone-moss": "#7cc59d",
    "--tone-moss-bg": "#14301f",
    "--tone-petrol": "#86c3d2",
    "--tone-petrol-bg": "#12303a",
    "--tone-neutral": night[1],
    "--tone-neutral-bg": night[6],
    // Filled buttons carry white words: the shades that give them 4.5:1 on the dark theme too.
    "--mantine-color-petrol-filled": petrol[6],
    "--mantine-color-petrol-filled-hover": petrol[7],
    "--mantine-color-moss-filled": moss[6],
    "--mantine-color-moss-filled-hover": moss[7],
    "--mantine-color-signal-filled": signal[6],
    "--mantine-color-signal-filled-hover": signal[7],
    "--mantine-color-body": night[7],
    "--mantine-color-dimmed": night[2],
  },
});

/** The tone of a state; always beside an icon and a word, never alone. */
export type Tone = "signal" | "amber" | "moss" | "petrol" | "neutral";
