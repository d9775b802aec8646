interface GitPerson {
  name: string;
  email: string;
  /** ISO 8601 with the person's own offset */
  at: string;
}

export interface GitCommit {
  sha: string;
  parents: string[];
  author: GitPerson;
  committer: GitPerson;
  subject: string;
  body: string;
}
