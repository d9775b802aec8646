/** The documentation page: our own few lines, so that it needs no other host and fits a strict policy. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slipway API</title>
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<header><h1>Slipway API</h1><p><a href="/openapi.json">openapi.json</a></p>
<label>Filter <input id="filter" type="search" autocomplete="off"></label></header>
<main id="operations"><p>Loading …</p></main>
<script src="/docs/docs.js"></script>
</body>
</html>
`;

export const docsStyle = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2 { border-bottom: 1px solid; text-transform: capitalize; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; }
pre { overflow: auto; padding: .5rem; border: 1px solid; max-height: 30rem; }
.method { display: inline-block; min-width: 4.5rem; font-weight: bold; text-transform: uppercase; }
.access { opacity: .75; }
`;

export const docsScript = `
const main = document.getElementById('operations');
const filter = document.getElementById('filter');
const el = (name, attributes, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};
const schemaText = (document, schema, depth) => {
  if (!schema) return '';
  if (schema.$ref && depth < 4) {
    return schemaText(document, document.components.schemas[schema.$ref.split('/').pop()], depth + 1);
  }
  return JSON.stringify(schema, null, 2);
};
const operationNode = (document, path, method, operation) => {
  const details = el('details', { class: 'operation' });
  details.append(el('summary', {},
    el('span', { class: 'method' }, method), el('code', {}, path), ' ', operation.summary || '',
    ' ', el('span', { class: 'access' }, '(' + (operation['x-slipway-access'] || '') + ')')));
  details.addEventListener('toggle', () => {
    if (details.childElementCount > 1) return;
    for (const parameter of operation.parameters || []) {
      details.append(el('p', {}, el('code', {}, parameter.name), ' in ' + parameter.in +
        (parameter.required ? ', required' : '')));
    }
    const body = operation.requestBody && operation.requestBody.content['application/json'];
    if (body) details.append(el('h3', {}, 'Body'), el('pre', {}, schemaText(document, body.schema, 0)));
    for (const [status, response] of Object.entries(operation.responses)) {
      details.append(el('h3', {}, status + ' ' + response.description));
      const content = Object.values(response.content || {})[0];
      if (content && Number(status) < 300) details.append(el('pre', {}, schemaText(document, content.schema, 0)));
    }
  });
  return details;
};
const show = (document) => {
  const byTag = new Map();
  const wanted = filter.value.toLowerCase();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const text = (method + ' ' + path + ' ' + operation.summary).toLowerCase();
      if (!text.includes(wanted)) continue;
      const tag = (operation.tags || ['other'])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(operationNode(document, path, method, operation));
    }
  }
  main.replaceChildren(...[...byTag].flatMap(([tag, nodes]) => [el('h2', {}, tag), ...nodes]));
};
fetch('/openapi.json').then((answer) => answer.json()).then((document) => {
  show(document);
  filter.addEventListener('input', () => show(document));
});
`;
