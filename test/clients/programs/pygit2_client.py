"""Does one thing with libgit2: clone, push or tag. Prints what the server said; exits 1 when it was refused."""

import sys

import pygit2

verb, url, token, folder, name = sys.argv[1:6]
refused = []


class Calls(pygit2.RemoteCallbacks):
    def sideband_progress(self, string):
        print(string)

    def push_update_reference(self, refname, message):
        if message:
            refused.append(f"{refname}: {message}")


calls = Calls(credentials=pygit2.UserPass("git", token))
me = pygit2.Signature("Ann", "ann@example.com")

if verb == "clone":
    pygit2.clone_repository(url, folder, callbacks=calls)
    sys.exit(0)
repository = pygit2.Repository(folder)
head = repository.head.target
if verb == "tag":
    repository.create_tag(name, head, pygit2.enums.ObjectType.COMMIT, me, "one")
    spec = f"refs/tags/{name}"
else:
    tree = repository[head].tree.id
    repository.create_commit("HEAD", me, me, "more", tree, [head])
    spec = f"{repository.head.name}:{name}"
try:
    repository.remotes["origin"].push([spec], callbacks=calls)
except pygit2.GitError as error:
    refused.append(str(error))
print("\n".join(refused))
sys.exit(1 if refused else 0)
