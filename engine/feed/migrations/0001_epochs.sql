-- Transactions are numbered by the server, and a database that is restored has another server: its numbers begin anew, below or amid those
-- that events and cursors carry already. So the number of an event has 48 bits of its transaction, and above them the epoch of
-- its database, which rises whenever the server is another one: numbers never go back.
CREATE TABLE feed_epoch (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch integer NOT NULL DEFAULT 0 CHECK (epoch BETWEEN 0 AND 32767),
  -- The server and the database whose transactions are counted now; null: nobody has looked yet.
  place text
);
INSERT INTO feed_epoch DEFAULT VALUES;

/* What the column `xid` of a feed has by default. */
CREATE FUNCTION feed_number() RETURNS xid8 LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  RETURN (((SELECT epoch::bigint FROM feed_epoch) << 48) + pg_current_xact_id()::text::bigint)::text::xid8;
END
$$;
