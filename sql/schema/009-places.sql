-- A corrected place of a number reaches call control at once, without reading the whole configuration again.

CREATE FUNCTION notify_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotlined_config', TG_TABLE_NAME);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_correction() IS '归属地更正后通知守护进程';
CREATE TRIGGER notify_correction AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON number_place_correction
    FOR EACH STATEMENT EXECUTE FUNCTION notify_correction();
CREATE INDEX number_place_city ON number_place (city_code, from_prefix);
CREATE INDEX number_place_correction_newest ON number_place_correction (corrected_at);

-- How long a recording is kept is the center's setting, else the region's; the day stands on the row from
-- the beginning, so that a later setting does not shorten what was promised for the calls before.
CREATE FUNCTION recording_keep_until() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.keep_until := coalesce(NEW.keep_until, (NEW.t_start AT TIME ZONE 'Asia/Shanghai')::date + coalesce(
        (SELECT s.value::integer FROM setting s WHERE s.name = 'recording_keep_days' AND s.value ~ '^[0-9]{1,5}$'
            AND (s.center_id = NEW.center_id OR s.center_id IS NULL) ORDER BY s.center_id NULLS LAST LIMIT 1), 1095));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION recording_keep_until() IS '按保存期限填写录音的保存至';
CREATE TRIGGER recording_keep_until BEFORE INSERT ON recording FOR EACH ROW EXECUTE FUNCTION recording_keep_until();
COMMENT ON COLUMN recording.keep_until IS '保存至,录制时按中心的保存期限(参数 recording_keep_days)填写';
