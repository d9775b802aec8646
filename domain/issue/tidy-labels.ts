/** Labels without blanks around them, each once, in the order given. */
export function tidyLabels(labels: readonly string[]): string[] {
  return [...new Set(labels.map((label) => label.trim()).filter((label) => label !== ''))];
}
