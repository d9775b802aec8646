/** Does one thing with isomorphic-git: clone, push or tag. Prints what the server said; exits 1 when it was refused. */
import fs from 'node:fs';
import git from 'isomorphic-git';
import http from 'isomorphic-git/http/node';

const [verb, url, token, dir, name] = process.argv.slice(2);
const onAuth = () => ({ username: 'git', password: token });
const common = { fs, http, dir, url, onAuth, onMessage: (text) => process.stdout.write(text) };
const author = { name: 'Ann', email: 'ann@example.com' };

if (verb === 'clone') {
  await git.clone(common);
  process.exit(0);
}
const ref = await git.currentBranch({ fs, dir, fullname: true });
if (verb === 'tag') await git.annotatedTag({ fs, dir, ref: name, message: 'one', tagger: author });
else await git.commit({ fs, dir, message: 'more', author });
const what = verb === 'tag' ? { ref: `refs/tags/${name}` } : { ref, remoteRef: name };
try {
  await git.push({ ...common, ...what });
} catch (error) {
  process.stdout.write(String(error));
  process.exit(1);
}
