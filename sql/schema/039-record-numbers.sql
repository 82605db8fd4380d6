-- A registration's number came from a counter's row, which stayed locked until the save was on the disk: the saves of a
-- center stood in line for it. Now a sequence of the center counts, which nobody waits for, and the row says where each
-- day began. A save that fails leaves a gap.

ALTER TABLE record_counter RENAME COLUMN last TO base;
ALTER TABLE record_counter ALTER COLUMN base TYPE bigint;
COMMENT ON TABLE record_counter IS '记录单号:每中心每日的起点';
COMMENT ON COLUMN record_counter.base IS '当日首个单号之前中心序列的值';
UPDATE record_counter SET base = -base; -- the sequences begin at 1: the day goes on behind the number it has come to

CREATE FUNCTION center_start_numbers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE SEQUENCE %I', 'record_no_' || NEW.id);
    EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO hotlined_app', 'record_no_' || NEW.id);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION center_start_numbers() IS '为新中心建立记录单号序列';
REVOKE ALL ON FUNCTION center_start_numbers() FROM PUBLIC;
CREATE TRIGGER center_start_numbers AFTER INSERT ON center FOR EACH ROW EXECUTE FUNCTION center_start_numbers();

DO $$
DECLARE
    center_id integer;
BEGIN
    FOR center_id IN SELECT c.id FROM center c LOOP
        EXECUTE format('CREATE SEQUENCE %I', 'record_no_' || center_id);
        EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO hotlined_app', 'record_no_' || center_id);
    END LOOP;
END $$;

-- Whoever is the day's first says where it begins; two who are first at once wait for each other, that once.
CREATE FUNCTION record_day_base(home_center integer, wanted date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    begins bigint := (SELECT k.base FROM record_counter k WHERE k.center_id = home_center AND k.day = wanted);
BEGIN
    IF begins IS NULL THEN
        INSERT INTO record_counter (center_id, day, base)
        VALUES (home_center, wanted, coalesce(pg_sequence_last_value(('record_no_' || home_center)::regclass), 0))
        ON CONFLICT (center_id, day) DO NOTHING;
        begins := (SELECT k.base FROM record_counter k WHERE k.center_id = home_center AND k.day = wanted);
    END IF;
    RETURN begins;
END $$;
COMMENT ON FUNCTION record_day_base(integer, date) IS '当日首个记录单号之前中心序列的值';

CREATE OR REPLACE FUNCTION next_record_no(home_center integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
    begins bigint := record_day_base(home_center, today); -- before the number is taken, which is above it then
    number text := nextval(('record_no_' || home_center)::regclass) - begins;
BEGIN
    RETURN (SELECT coalesce(nullif(substr(organ_code, 2, 4), ''), lpad(home_center::text, 4, '0')) FROM center c WHERE c.id = home_center)
        || to_char(today, 'YYYYMMDD') || lpad(number, greatest(5, length(number)), '0');
END $$;
