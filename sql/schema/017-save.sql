-- Saving a registration planned three of its functions anew each time: one in SQL that is not inlined (it writes, or acts
-- for its owner) keeps no plan, and a look into "call" is planned for each of its partitions, one a month. PL/pgSQL
-- keeps its plans for the life of the connection. What they say is that of 006.

CREATE OR REPLACE FUNCTION next_record_no(home_center integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number record;
BEGIN
    INSERT INTO record_counter AS k (center_id, day, last)
    VALUES (home_center, (now() AT TIME ZONE 'Asia/Shanghai')::date, 1)
    ON CONFLICT (center_id, day) DO UPDATE SET last = k.last + 1
    RETURNING day, last INTO number;
    RETURN (SELECT coalesce(nullif(substr(organ_code, 2, 4), ''), lpad(home_center::text, 4, '0')) FROM center c WHERE c.id = home_center)
        || to_char(number.day, 'YYYYMMDD') || lpad(number.last::text, 5, '0');
END $$;

CREATE OR REPLACE FUNCTION call_is_elsewhere(wanted uuid, home_center integer) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM call c WHERE c.call_id = wanted AND c.center_id <> home_center);
END $$;

CREATE OR REPLACE FUNCTION region_cities() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('code', city_code, 'name', city_name) ORDER BY sort, id), '[]')
        FROM center WHERE kind = 'city' AND city_code <> '' AND NOT test);
END $$;
