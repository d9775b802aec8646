import { appFiles } from './deployable.ts';

/**
 * The small service of `appFiles`, whose version is the value `version`. `/break?how=crash` ends it, `/break?how=unready`
 * lets it fail its probe from then on.
 */
export function breakableFiles(): Record<string, string> {
  const files = appFiles('unused');
  const manifest = (files['apps/app/deployment.yaml'] ?? '')
    .replace(
      'ports:',
      'env: [{ name: VERSION, value: {{ .Values.version | quote }} }]\n          ports:',
    )
    .replace('periodSeconds: 1', 'periodSeconds: 1, failureThreshold: 1');
  return {
    ...files,
    'server.mjs': `import { createServer } from 'node:http';
let broken = false;
const server = createServer((req, res) => {
  const how = new URL(req.url, 'http://app').searchParams.get('how');
  if (req.url.startsWith('/break')) {
    if (how === 'crash') process.exit(3);
    broken = true;
  }
  res.statusCode = broken ? 500 : 200;
  res.end(process.env.VERSION);
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`,
    'apps/app/deployment.yaml': manifest,
    'apps/app/values.yaml': 'replicas: 1\nversion: first\n',
  };
}
