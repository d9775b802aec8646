/** A page of plain HTML, for people who come from a mail: no script, no session, no style of its own. */
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)} · Slipway</title>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** What is asked, and the form that answers it. */
export function askPage(ask: {
  what: string;
  facts: readonly string[];
  userName: string;
  token: string;
}): string {
  const facts = ask.facts.map((fact) => `<li>${escapeHtml(fact)}</li>`).join('\n');
  return page(
    ask.what,
    `<ul>
${facts}
</ul>
<form method="post">
<input type="hidden" name="token" value="${escapeHtml(ask.token)}">
<p><label for="reason">Reason (optional)</label><br>
<textarea id="reason" name="reason" rows="3" cols="60" maxlength="2000"></textarea></p>
<p><button name="decision" value="approve">Approve</button>
<button name="decision" value="reject">Reject</button></p>
<p>You answer as <strong>${escapeHtml(ask.userName)}</strong>. This link works once.</p>
</form>`,
  );
}

/** What came of it. */
export function saidPage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>\n<p><a href="/">Open Slipway</a></p>`);
}
