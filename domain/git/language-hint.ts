const byEnding: Readonly<Record<string, string>> = {
  c: 'c',
  cc: 'cpp',
  cpp: 'cpp',
  cs: 'csharp',
  css: 'css',
  go: 'go',
  h: 'c',
  hpp: 'cpp',
  html: 'html',
  java: 'java',
  js: 'javascript',
  json: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  lua: 'lua',
  md: 'markdown',
  mjs: 'javascript',
  cjs: 'javascript',
  php: 'php',
  prisma: 'prisma',
  proto: 'protobuf',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  scss: 'css',
  sh: 'shell',
  sql: 'sql',
  svg: 'xml',
  swift: 'swift',
  toml: 'toml',
  ts: 'typescript',
  tsx: 'typescript',
  txt: 'text',
  xml: 'xml',
  yaml: 'yaml',
  yml: 'yaml',
};

const byName: Readonly<Record<string, string>> = {
  dockerfile: 'dockerfile',
  makefile: 'makefile',
  '.gitignore': 'text',
  '.gitmodules': 'ini',
};

/** Word for a highlighter, by the file's name; null when it says nothing. */
export function languageHint(name: string): string | null {
  const lower = name.toLowerCase();
  if (Object.hasOwn(byName, lower)) return byName[lower] ?? null;
  const ending = lower.slice(lower.lastIndexOf('.') + 1);
  return Object.hasOwn(byEnding, ending) && ending !== lower ? (byEnding[ending] ?? null) : null;
}
