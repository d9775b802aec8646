-- Whether a deployment may bring objects that lie in no namespace, as roles of the whole cluster: only an admin says so.
ALTER TABLE "deployments" ADD COLUMN "cluster_scope" BOOLEAN NOT NULL DEFAULT false;
