-- Prompts whose audio may be missing on this machine (hotlined --render-prompts).

-- name: prompt_render_list
-- No parameters; daemon's scope. Rows (path, text) of every published version made by speech.
SELECT v.path, v.text
FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version
WHERE v.source = 'tts' AND v.text <> ''
ORDER BY p.id;
