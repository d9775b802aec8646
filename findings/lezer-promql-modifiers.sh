#!/usr/bin/env bash
# Package: @prometheus-io/lezer-promql 0.315.0 (with @lezer/lr 1.4.2, @lezer/common 1.5.5, @lezer/highlight 1.2.5).
#
# The parser that Prometheus' own editor uses binds `offset` and `@` looser than every operator. Prometheus itself binds
# them to the selector before them: `a / b offset 5m` divides by `b` of five minutes ago. The tree of this package says
# `OffsetExpr(BinaryExpr(a, b))`, the offset of a quotient, which Prometheus has not got. So an evaluator, a linter or a
# formatter that walks the tree as it stands shifts `a`, too, and gives another number without an error.
#
# Seen:
#   a / b offset 5m   PromQL(OffsetExpr(BinaryExpr(VectorSelector(Identifier),Div,VectorSelector(Identifier)),Offset,…
#   a + b @ 10        PromQL(StepInvariantExpr(BinaryExpr(VectorSelector(Identifier),Add,VectorSelector(Identifier)),At,…
#   (a) / (b)         PromQL(BinaryExpr(ParenExpr(…),Div,ParenExpr(…)))          for comparison
# Ends with 0 while this is so, with 1 when it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  @prometheus-io/lezer-promql@0.315.0 @lezer/lr@1.4.2 @lezer/common@1.5.5 @lezer/highlight@1.2.5
cat >look.mjs <<'END'
import { parser } from '@prometheus-io/lezer-promql';

let changed = false;
for (const [text, start] of [
  ['a / b offset 5m', 'PromQL(OffsetExpr(BinaryExpr('],
  ['a + b @ 10', 'PromQL(StepInvariantExpr(BinaryExpr('],
]) {
  const tree = parser.parse(text).toString();
  console.log(`${text}\n  ${tree}`);
  if (!tree.startsWith(start)) changed = true;
}
if (changed) {
  console.log('The tree is another one now.');
  process.exit(1);
}
END
node look.mjs
