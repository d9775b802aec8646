-- A cause that got no run (`[skip ci]`, a tag on a file) stands among the runs, with the reason in `error`.
ALTER TABLE "pipelines" DROP CONSTRAINT "pipelines_status_check";
ALTER TABLE "pipelines" ADD CONSTRAINT "pipelines_status_check" CHECK ("status" IN ('pending', 'running', 'success', 'failure', 'cancelled', 'skipped'));
