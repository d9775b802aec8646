-- Which bytes of a step's log the platform wrote itself, as [from, behind] in the order they came: told beside the text,
-- because whatever stands in the text a step could print as well. Logs of before have none marked.
ALTER TABLE "pipeline_steps" ADD COLUMN "platform_ranges" JSONB NOT NULL DEFAULT '[]';
