/** Files that read as Markdown. */
export function isMarkdownName(name: string): boolean {
  return /\.(md|markdown|mdown|mkdn?)$/i.test(name);
}

/** Files that a page shows as a picture. */
export function isPictureName(name: string): boolean {
  return /\.(avif|bmp|gif|ico|jpe?g|png|svg|webp)$/i.test(name);
}
