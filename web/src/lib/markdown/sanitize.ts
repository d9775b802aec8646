import DOMPurify from 'dompurify';

/** What DOMPurify puts before ids and names, so that none shadows something of the page. */
export const idPrefix = 'user-content-';

/** As GitHub allows it. No style, no form, no frame, no script, no drawing. */
const tags =
  'h1 h2 h3 h4 h5 h6 p br hr div span section ul ol li dl dt dd blockquote q pre code samp kbd var tt ' +
  'em i strong b s strike del ins small sub sup mark abbr cite dfn time wbr bdo ruby rt rp a img picture source ' +
  'figure figcaption table caption thead tbody tfoot tr th td details summary input label';
const attributes =
  'href src srcset media alt title width height align valign colspan rowspan scope start reversed open dir lang ' +
  'datetime cite id name class type checked';

/** Classes that the parser gives; those of an author would borrow the looks of the page. */
const ownClass =
  /^(language-[\w+#.-]{1,40}|markdown-alert(-(note|tip|important|warning|caution|title))?|task-list-item(-checkbox)?|contains-task-list|footnotes(-sep|-list)?|footnote-(ref|item|backref))$/;

const purify = DOMPurify(window);

purify.addHook('uponSanitizeAttribute', (_, data) => {
  if (data.attrName !== 'class') return;
  data.attrValue = data.attrValue
    .split(/\s+/)
    .filter((name) => ownClass.test(name))
    .join(' ');
  if (data.attrValue === '') data.keepAttr = false;
});

/** A box to tick in a list is the only input there is, and nobody ticks it here. */
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'INPUT') return;
  if (node.getAttribute('type') === 'checkbox') node.setAttribute('disabled', '');
  else node.remove();
});

/** Elements of an HTML text that may be shown: an allow-list, ids and names with `user-content-` before them. */
export function sanitizeHtml(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ALLOWED_TAGS: tags.split(' '),
    ALLOWED_ATTR: attributes.split(' '),
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    SANITIZE_NAMED_PROPS: true,
    RETURN_DOM_FRAGMENT: true,
  });
}
