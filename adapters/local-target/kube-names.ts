/** A rule of Kubernetes for names of one sort. */
export interface NameRule {
  fits(text: string): boolean;
  /** what is expected, to stand behind the name of the field */
  says: string;
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${label}(\\.${label})*$`);
const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

function rule(pattern: RegExp, most: number, says: string): NameRule {
  return { fits: (text) => text.length <= most && pattern.test(text), says };
}

/** RFC 1123, as most objects are named. */
export const dnsSubdomain = rule(
  subdomain,
  253,
  'must be a DNS name (RFC 1123): lower-case letters, digits, - and ., letters or digits around each ., at most 253',
);

/** RFC 1123: namespaces, containers, volumes, ports of Services. */
export const dnsLabel = rule(
  new RegExp(`^${label}$`),
  63,
  'must be a DNS label (RFC 1123): lower-case letters, digits and -, letters or digits at both ends, at most 63',
);

/** RFC 1035: Services. */
export const serviceName = rule(
  /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  63,
  'must be a DNS label (RFC 1035): lower-case letters, digits and -, a letter first, no - at its end, at most 63',
);

/** RFC 6335: ports of containers. */
export const portName: NameRule = {
  fits: (text) =>
    /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(text) && /[a-z]/.test(text) && !text.includes('--'),
  says: 'must be the name of a service (RFC 6335): lower-case letters, digits and single -, a letter among them, at most 15',
};

/** A key of a ConfigMap or a Secret becomes the name of a file. */
export const dataKey: NameRule = {
  fits: (text) => /^[-._a-zA-Z0-9]{1,253}$/.test(text) && leadsNowhere(text),
  says: 'must be letters, digits, -, _ and ., not . and not with .. at its beginning, at most 253',
};

export const variableName: NameRule = {
  fits: (text) => /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(text) && leadsNowhere(text),
  says: 'must be letters, digits, -, _ and ., no digit first, not . and not with .. at its beginning',
};

/** Names of labels; those of annotations in lower case. */
export const qualifiedName: NameRule = {
  fits: (text) => {
    const parts = text.split('/');
    const name = parts.pop() ?? '';
    const isPrefixed =
      parts.length === 0 || (parts.length === 1 && dnsSubdomain.fits(parts[0] ?? ''));
    return isPrefixed && name.length <= 63 && word.test(name);
  },
  says: 'must be letters, digits, -, _ and ., letters or digits at both ends, at most 63, after a DNS name and / if any',
};

export const labelValue: NameRule = {
  fits: (text) => text === '' || (text.length <= 63 && word.test(text)),
  says: 'must be empty, or letters, digits, -, _ and ., letters or digits at both ends, at most 63',
};

/** Where a key lies in a volume. Kubernetes takes folders there, the local target a plain name. */
export const plainFile: NameRule = {
  fits: (text) => /^[\w.-]{1,253}$/.test(text) && leadsNowhere(text),
  says: 'must be a plain name: letters, digits, -, _ and ., not . and not with .. at its beginning',
};

/** What else a mount path may be, `checkMounts` says. */
export const mountedAt = rule(/^[^:]*$/, 4096, 'must hold no :');

export const headerName = rule(/^[-A-Za-z0-9]+$/, 253, 'must be letters, digits and -');

export const hostName: NameRule = {
  fits: (text) => dnsSubdomain.fits(text.startsWith('*.') ? text.slice(2) : text),
  says: `${dnsSubdomain.says}, *. before it for all below it`,
};

function leadsNowhere(text: string): boolean {
  return text !== '.' && !text.startsWith('..');
}
