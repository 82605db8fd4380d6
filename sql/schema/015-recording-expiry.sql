-- Recordings past their day are found oldest first, without reading the ones that have gone already.
CREATE INDEX recording_kept ON recording (recording_id) WHERE state IN ('closed', 'failed');
