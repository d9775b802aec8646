-- Events are settled by the floors of those who publish, no longer by the oldest transaction of the cluster: ADR 54.

-- Whoever has published with the number of his transaction has ended before anybody publishes in the new way.
LOCK TABLE "events" IN ACCESS EXCLUSIVE MODE;

-- Readers take the number that was given out last for an upper bound: no row may lie above it, and none may be given out ahead.
ALTER SEQUENCE "events_seq_seq" CACHE 1 NO CYCLE;
SELECT setval('events_seq_seq', greatest(
  (SELECT max("seq") FROM "events"), (SELECT max("seq") FROM "event_cursors"), pg_sequence_last_value('events_seq_seq')))
 WHERE EXISTS (SELECT FROM "events") OR EXISTS (SELECT FROM "event_cursors" WHERE "seq" > 0);

-- First part of the position of each event from now on: after that of any before, which was the number of a transaction.
CREATE FUNCTION event_epoch() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT 1000000000000000 $$;

-- Advisory locks of whoever publishes have this class in the upper 16 bits of their key, the floor in the 48 below.
CREATE FUNCTION event_floor_class() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT 20823::bigint $$;

-- The number of a new event. The floor comes first, then its lock, then the number: whoever reads `last` and then finds no
-- lock with a floor below it knows that all numbers up to it are of transactions that have ended. Once in a transaction: the
-- setting ends where the lock does, with the transaction or the savepoint.
CREATE FUNCTION next_event_seq() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF coalesce(current_setting('slipway.event_floor', true), '') = '' THEN
    PERFORM pg_advisory_xact_lock_shared(
      (event_floor_class() << 48) | coalesce(pg_sequence_last_value('events_seq_seq'), 0));
    PERFORM set_config('slipway.event_floor', 'held', true);
  END IF;
  RETURN nextval('events_seq_seq');
END $$;

-- All events with this number and below are there for a statement that begins after this one, or never come.
-- `held`: somebody who publishes has kept it below the number that was given out last.
CREATE FUNCTION settled_event_seq(OUT settled bigint, OUT held boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  last bigint;
  lowest bigint;
BEGIN
  last := coalesce(pg_sequence_last_value('events_seq_seq'), 0);
  -- Not in one statement with the line above: the locks have to be looked at after it.
  SELECT min(((l.classid::bigint & 65535) << 32) | l.objid::bigint) INTO lowest
    FROM pg_locks l
   WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.classid::bigint >> 16 = event_floor_class()
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());
  settled := least(last, lowest);
  held := settled < last;
END $$;

-- The next settled events after a position, in one call: what readers ask for whenever somebody published.
-- {"upTo": position up to where all were read, "held": see above, "events": [...]}. For READ COMMITTED only: the second
-- statement in here must see more than the first one.
CREATE FUNCTION next_events(after_xid bigint, after_seq bigint, wanted text[], most integer) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  bound record;
  found jsonb;
  up_to text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'next_events() is for READ COMMITTED: an older snapshot misses events';
  END IF;
  SELECT * INTO bound FROM settled_event_seq();
  IF (event_epoch(), bound.settled) <= (after_xid, after_seq) THEN
    RETURN jsonb_build_object('upTo', after_xid || '-' || after_seq, 'held', bound.held, 'events', '[]'::jsonb);
  END IF;
  -- Planned anew each time: a plan for any position and any limit would sort the whole table.
  EXECUTE 'SELECT jsonb_agg(to_jsonb(e) - ''actor_limits'' ORDER BY e.xid, e.seq) FROM (
             SELECT * FROM events WHERE (xid, seq) > ($1, $2) AND seq <= $3 AND ($4 IS NULL OR type = ANY($4))
              ORDER BY xid, seq LIMIT $5) e'
     INTO found USING after_xid, after_seq, bound.settled, wanted, most;
  up_to := CASE WHEN jsonb_array_length(found) = most
                THEN (found -> -1 ->> 'xid') || '-' || (found -> -1 ->> 'seq')
                ELSE event_epoch() || '-' || bound.settled END;
  RETURN jsonb_build_object('upTo', up_to, 'held', bound.held, 'events', coalesce(found, '[]'::jsonb));
END $$;

-- Also of a process of the version before: it names neither column.
ALTER TABLE "events" ALTER COLUMN "xid" SET DEFAULT event_epoch(), ALTER COLUMN "seq" SET DEFAULT next_event_seq();
