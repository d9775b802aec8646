#!/usr/bin/env bash
# Package: @grafana/lezer-logql 0.4.2 (with @lezer/lr 1.4.10, @lezer/common 1.5.5).
#
# The grammar of LogQL that Grafana's query editor is built on turns the precedence of arithmetic round: `+` and `-` bind
# tighter than `*`, `/` and `%`, and those tighter than `^`. Loki itself, like Prometheus and everybody, evaluates
# `4 * 2 + 3` to 11 and `1 + 2 ^ 3` to 9; whoever walks this tree (an evaluator, a formatter that sets brackets, a rewriter)
# means another number: `4 * 2 + 3` is 20 to it, not 11, and `1 + 2 ^ 3` is 27. Comparisons bind looser than all, as they should, and all
# but `^` group from the left, so the tree looks right at first.
#
# Seen (shortened to operators):
#   1 + 2 * 3   ((1 Add 2) Mul 3)
#   4 * 2 + 3   (4 Mul (2 Add 3))
#   1 + 2 ^ 3   ((1 Add 2) Pow 3)
# Ends with 0 while this is so, with 1 when it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @grafana/lezer-logql@0.4.2 @lezer/lr@1.4.10 @lezer/common@1.5.5
cat >look.cjs <<'END'
const { parser } = require('@grafana/lezer-logql');

/** Operands in brackets as the tree has them. */
function show(text, node) {
  if (node.name === 'Number') return text.slice(node.from, node.to);
  const children = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  if (node.name !== 'BinOpExpr') return children.map((child) => show(text, child)).join('');
  const [left, operator, , right] = children;
  return `(${show(text, left)} ${operator.name} ${show(text, right)})`;
}

let changed = false;
for (const [text, seen] of [
  ['1 + 2 * 3', '((1 Add 2) Mul 3)'],
  ['4 * 2 + 3', '(4 Mul (2 Add 3))'],
  ['1 + 2 ^ 3', '((1 Add 2) Pow 3)'],
]) {
  const shown = show(text, parser.parse(text).topNode);
  console.log(`${text}   ${shown}`);
  if (shown !== seen) changed = true;
}
if (changed) {
  console.log('The tree is another one now.');
  process.exit(1);
}
END
node look.cjs
