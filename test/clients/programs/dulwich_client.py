"""Does one thing with dulwich: clone, push or tag. Prints what the server said; exits 1 when it was refused."""

import io
import sys

from dulwich import porcelain

verb, url, token, folder, name = sys.argv[1:6]
login = {"username": "git", "password": token}
me = b"Ann <ann@example.com>"

if verb == "clone":
    porcelain.clone(url, folder, errstream=sys.stderr.buffer, **login)
    sys.exit(0)
if verb == "tag":
    porcelain.tag_create(folder, name, message=b"one", author=me, annotated=True)
    spec = f"refs/tags/{name}:refs/tags/{name}"
else:
    porcelain.commit(folder, message=b"more", author=me, committer=me)
    spec = f"HEAD:{name}"
said = io.BytesIO()
try:
    porcelain.push(folder, url, spec, outstream=said, errstream=said, **login)
except Exception as error:
    said.write(f"failed: {error}".encode())
text = said.getvalue().decode()
print(text)
sys.exit(1 if "failed: " in text else 0)
