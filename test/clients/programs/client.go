// Does one thing with go-git: clone, push or tag. Prints what the server said; exits 1 when it was refused.
package main

import (
	"fmt"
	"os"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	verb, url, token, folder, name := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	auth := &http.BasicAuth{Username: "git", Password: token}
	me := &object.Signature{Name: "Ann", Email: "ann@example.com", When: time.Now()}
	if verb == "clone" {
		_, err := git.PlainClone(folder, false, &git.CloneOptions{URL: url, Auth: auth, Progress: os.Stdout})
		check(err)
		return
	}
	repository, err := git.PlainOpen(folder)
	check(err)
	head, err := repository.Head()
	check(err)
	spec := fmt.Sprintf("%s:%s", head.Name(), name)
	if verb == "tag" {
		_, err = repository.CreateTag(name, head.Hash(), &git.CreateTagOptions{Tagger: me, Message: "one"})
		spec = fmt.Sprintf("refs/tags/%s:refs/tags/%s", name, name)
	} else {
		tree, treeErr := repository.Worktree()
		check(treeErr)
		_, err = tree.Commit("more", &git.CommitOptions{Author: me, AllowEmptyCommits: true})
	}
	check(err)
	check(repository.Push(&git.PushOptions{Auth: auth, RefSpecs: []config.RefSpec{config.RefSpec(spec)}, Progress: os.Stdout}))
}
