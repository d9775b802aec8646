/** Colours the fenced code of a text; their code is fetched when there is any. */
export async function colourCode(box: ParentNode): Promise<void> {
  const blocks = [...box.querySelectorAll<HTMLElement>('pre > code[class^="language-"]')];
  if (blocks.length === 0) return;
  const { highlightLines, languageNamed } = await import('../highlight.ts');
  for (const block of blocks) {
    const language = languageNamed(block.className.slice('language-'.length));
    if (language === null) continue;
    const lines = highlightLines(block.textContent, language);
    block.replaceChildren(
      ...lines.flatMap((line, index) => [
        ...(index > 0 ? ['\n'] : []),
        ...line.map(({ text, name }) => {
          if (name === '') return text;
          const piece = document.createElement('span');
          piece.className = name;
          piece.textContent = text;
          return piece;
        }),
      ]),
    );
  }
}
