"""One flow through the client that openapi-python-client makes: prints what it saw as one line of JSON.

Arguments: begin | review, base URL, token, owner, project.
"""

import json
import sys

from slipway_client import AuthenticatedClient
from slipway_client.api.git import download_archive
from slipway_client.api.issues import create_issue, create_issue_comment, get_issue, list_issues, update_issue
from slipway_client.api.merge_requests import create_merge_request, get_merge_request
from slipway_client.api.pipelines import list_project_pipelines
from slipway_client.api.projects import create_project
from slipway_client.models import (
    CreateIssueBody,
    CreateIssueCommentBody,
    CreateMergeRequestBody,
    CreateProjectBody,
    Issue,
    Problem,
    UpdateIssueBody,
)

verb, base_url, token, owner, project = sys.argv[1:6]
client = AuthenticatedClient(base_url=base_url, token=token)
place = {"owner": owner, "project": project, "client": client}


def name(user):
    return None if user is None else user.name


def problem(answer):
    assert isinstance(answer, Problem), answer
    errors = answer.errors or []
    return [answer.status, answer.code, [error.pointer for error in errors]]


def begin():
    made = create_project.sync(client=client, body=CreateProjectBody(name=project))
    issues = [create_issue.sync(**place, body=CreateIssueBody(title=f"Issue {n}")) for n in (1, 2, 3)]
    assert all(isinstance(issue, Issue) for issue in issues), issues
    comment = create_issue_comment.sync(number=1, **place, body=CreateIssueCommentBody(body="Mine"))
    update_issue.sync(number=1, **place, body=UpdateIssueBody(assignee=owner))
    first = list_issues.sync(**place, limit=2)
    rest = list_issues.sync(**place, limit=2, cursor=first.next_cursor)
    return {
        "project": made.name,
        "comment": [comment.body, name(comment.author)],
        "pages": [[issue.number for issue in page.items] for page in (first, rest)],
        "last": rest.next_cursor,
        "assignees": [name(get_issue.sync(number=n, **place).assignee) for n in (1, 2)],
        "absent": problem(get_issue.sync(number=99, **place)),
        "invalid": problem(create_issue.sync(**place, body=CreateIssueBody(title=""))),
        "again": problem(create_project.sync(client=client, body=CreateProjectBody(name=project))),
        "stranger": problem(
            get_issue.sync(
                owner=owner, project=project, number=1,
                client=AuthenticatedClient(base_url=base_url, token="slp_wrong"),
            )
        ),
    }


def review():
    body = CreateMergeRequestBody(title="Topic", source_branch="topic", target_branch="main")
    opened = create_merge_request.sync(**place, body=body)
    read = get_merge_request.sync(number=opened.number, **place)
    pipelines = list_project_pipelines.sync(**place, ref="main")
    archive = download_archive.sync(**place, ref="main")
    return {
        "mergeRequest": [read.status.value, read.source_branch, name(read.author)],
        "unmerged": [name(read.merged_by), read.merged_at, read.merge_sha, read.auto_merge],
        "pipelines": [[run.trigger.value, run.git_ref] for run in pipelines.items],
        "archive": list(archive.payload.read(2)),
    }


print(json.dumps({"begin": begin, "review": review}[verb]()))
