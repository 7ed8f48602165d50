export const symbolKinds = ['qr', 'datamatrix', 'code128'] as const;
/** `qr` holds the short address, for phones; the others hold the id itself, for scanners. */
export type SymbolKind = (typeof symbolKinds)[number];

/** A symbol without its quiet zone, in modules: the narrowest thing that is black or white. */
export interface Mark {
  /** What stands in an SVG of `viewBox`. */
  readonly svg: string;
  readonly viewBox: string;
  readonly columns: number;
  /** 1 for bars, which may be as high as one likes. */
  readonly rows: number;
  /** Modules that stay white on each side (ISO/IEC 18004, 16022, 15417). */
  readonly quiet: number;
}
