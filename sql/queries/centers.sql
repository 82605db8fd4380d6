-- The centers of the region, as settings.

-- name: settings_center_list
-- No parameters.
SELECT jsonb_build_object('next', NULL,
    'items', coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'code', c.code, 'kind', c.kind, 'name', c.name, 'city_code', c.city_code,
        'area_code', c.area_code, 'enabled', c.enabled, 'announce_agent_no', c.announce_agent_no, 'functions_off', to_jsonb(c.functions_off),
        'version', c.version) ORDER BY c.sort, c.id), '[]')) AS document
FROM center c;

-- name: settings_center_update
-- $1 center id, $2 expected version, $3 body: name, announce_agent_no, functions_off; fields left out stay.
SELECT center_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_center_function
-- $1 center id, $2 name of the function, $3 whether the center has it.
SELECT center_function_set($1::int, $2, $3::boolean) AS document;

-- name: settings_center_create
-- $1 body: code, name, city_code, city_name, area_code, organ_code. A new center begins with its start data.
SELECT center_create($1::jsonb) AS document;

-- name: first_admin
-- $1 code and $2 name of the regional center (made when there is none), $3 login, $4 password hash. For the owner.
SELECT first_admin($1, $2, $3, $4) AS code;
