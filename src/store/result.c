/* Parameters and results. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "store/connection.h"

static char *next_scratch(struct store_params *params)
{
    return params->scratch[params->count];
}

static void add(struct store_params *params, const char *value)
{
    if (params->count == STORE_MAX_PARAMS)
        abort(); /* a statement with that many parameters does not exist: a bug of the caller */
    params->values[params->count++] = value;
}

void store_param_text(struct store_params *params, const char *text)
{
    add(params, text);
}

void store_param_int(struct store_params *params, int64_t value)
{
    char *out = next_scratch(params);

    snprintf(out, sizeof(params->scratch[0]), "%" PRId64, value);
    add(params, out);
}

void store_param_bool(struct store_params *params, bool value)
{
    add(params, value ? "true" : "false");
}

void store_param_uuid(struct store_params *params, const struct uuid *id)
{
    char *out = next_scratch(params);

    uuid_text(id, out);
    add(params, out);
}

void store_param_time(struct store_params *params, int64_t wall_ms)
{
    char *out = next_scratch(params);

    time_text(wall_ms, out);
    add(params, out);
}

void store_param_null(struct store_params *params)
{
    add(params, NULL);
}

enum store_status store_status(const struct store_result *result)
{
    return result->status;
}

static const char *field(const struct store_result *result, int which)
{
    const char *text = result->pg ? PQresultErrorField(result->pg, which) : NULL;

    return text ? text : "";
}

const char *store_sqlstate(const struct store_result *result)
{
    return field(result, PG_DIAG_SQLSTATE);
}

const char *store_message(const struct store_result *result)
{
    return field(result, PG_DIAG_MESSAGE_PRIMARY);
}

const char *store_constraint(const struct store_result *result)
{
    return field(result, PG_DIAG_CONSTRAINT_NAME);
}

int store_rows(const struct store_result *result)
{
    return result->pg ? PQntuples(result->pg) : 0;
}

int store_affected(const struct store_result *result)
{
    int64_t count = 0;

    if (result->pg && text_to_int(PQcmdTuples((PGresult *)result->pg), 0, INT32_MAX, &count))
        return 0; /* a statement that counts nothing says "" */
    return (int)count;
}

bool store_is_null(const struct store_result *result, int row, int column)
{
    return !result->pg || PQgetisnull(result->pg, row, column);
}

const char *store_text(const struct store_result *result, int row, int column)
{
    return result->pg ? PQgetvalue(result->pg, row, column) : "";
}

size_t store_length(const struct store_result *result, int row, int column)
{
    return result->pg ? (size_t)PQgetlength(result->pg, row, column) : 0;
}

int64_t store_int(const struct store_result *result, int row, int column)
{
    return strtoll(store_text(result, row, column), NULL, 10);
}

bool store_bool(const struct store_result *result, int row, int column)
{
    return store_text(result, row, column)[0] == 't';
}
