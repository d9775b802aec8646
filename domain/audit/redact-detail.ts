const sensitive =
  /(password|passphrase|passwd|secret|token|credential|apikey|privatekey|masterkey|authorization|cookie)/;
/** What is said *about* a secret may be told: its id, name, version … */
const harmless = /(id|ids|name|names|kind|type|count|scope|scopes|version|versions|at|ref)$/;
/** The form of our own tokens, wherever one turns up in a text. */
const tokenForm = /\bslp_[A-Za-z0-9_-]{8,}/g;

const hidden = '[redacted]';

function isSensitive(key: string): boolean {
  const word = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  return (
    sensitive.test(word) && (/(apikey|privatekey|masterkey)$/.test(word) || !harmless.test(word))
  );
}

function redact(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(tokenForm, hidden);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return redactDetail(value as Record<string, unknown>);
}

/** A copy without values of secrets: by the name of the key at any depth, and our own tokens by their form. */
export function redactDetail(detail: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(detail).map(([key, value]) => {
      // A flag or a count tells nothing of the value.
      const tells = typeof value !== 'boolean' && typeof value !== 'number' && value !== null;
      return [key, tells && isSensitive(key) ? hidden : redact(value)];
    }),
  );
}
