-- What steps may reach over the network: a list of lines, NULL for everything that is not closed to all steps; and what each
-- attempt of a step asked for.
ALTER TABLE "projects" ADD COLUMN "egress_allow" JSONB;

CREATE TABLE "step_egress" (
    "step_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "allow" JSONB,
    "entries" JSONB NOT NULL,
    "is_cut" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "step_egress_pkey" PRIMARY KEY ("step_id", "attempt")
);

ALTER TABLE "step_egress" ADD CONSTRAINT "step_egress_step_id_fkey" FOREIGN KEY ("step_id") REFERENCES "pipeline_steps"("id") ON DELETE CASCADE ON UPDATE CASCADE;
