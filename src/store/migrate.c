/* Forward-only migrations, embedded at build time. Blocking: before the loop runs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include <hotlined/store.h>
#include <hotlined/text.h>

struct schema_file {
    int version;
    const char *name;
    const char *const *lines;
};
extern const struct schema_file schema_files[]; /* generated; ends with version 0 */

/* Two daemons told to migrate at once: the second waits here and then finds nothing to do. */
#define MIGRATE_LOCK "7236612366"

int store_schema_version(void)
{
    int version = 0;

    for (const struct schema_file *f = schema_files; f->version; f++)
        version = f->version;
    return version;
}

static bool run(PGconn *pg, const char *sql, struct text *report)
{
    PGresult *result = PQexec(pg, sql);
    bool good =
        PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!good)
        text_addf(report, "%s", PQerrorMessage(pg));
    PQclear(result);
    return good;
}

static int current_version(PGconn *pg, struct text *report)
{
    PGresult *result;
    int64_t version = 0;

    if (!run(pg,
             "CREATE TABLE IF NOT EXISTS schema_version ("
             " version integer PRIMARY KEY, name text NOT NULL,"
             " applied_at timestamptz NOT NULL DEFAULT now())",
             report))
        return -EIO;
    result = PQexec(pg, "SELECT coalesce(max(version), 0) FROM schema_version");
    if (PQresultStatus(result) != PGRES_TUPLES_OK ||
        text_to_int(PQgetvalue(result, 0, 0), 0, 1 << 20, &version))
        version = -EIO;
    PQclear(result);
    return (int)version;
}

static int apply(PGconn *pg, const struct schema_file *file, struct text *report)
{
    struct text sql = {0};
    char version[16];
    const char *params[2] = {version, file->name};
    PGresult *result;
    int err = -EIO;

    for (const char *const *line = file->lines; *line; line++)
        text_add(&sql, *line);
    snprintf(version, sizeof(version), "%d", file->version);
    if (sql.failed || !run(pg, "BEGIN", report) || !run(pg, sql.data, report))
        goto out;
    result = PQexecParams(pg, "INSERT INTO schema_version (version, name) VALUES ($1, $2)", 2, NULL,
                          params, NULL, NULL, 0);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        err = 0;
    else
        text_addf(report, "%s", PQerrorMessage(pg));
    PQclear(result);
    if (!err && !run(pg, "COMMIT", report))
        err = -EIO;
out:
    text_addf(report, "%s %s\n", err ? "FAILED " : "applied", file->name);
    text_done(&sql);
    return err;
}

static int apply_all(PGconn *pg, struct text *report)
{
    int applied = 0, version = current_version(pg, report);

    if (version < 0)
        return version;
    if (version > store_schema_version()) {
        text_addf(report,
                  "The database has schema version %d, this program knows %d only: use a newer "
                  "program.\n",
                  version, store_schema_version());
        return -EINVAL;
    }
    for (const struct schema_file *f = schema_files; f->version; f++) {
        if (f->version <= version)
            continue;
        if (apply(pg, f, report))
            return -EIO;
        applied++;
    }
    if (!applied)
        text_addf(report, "schema version %d, nothing to do\n", version);
    return applied;
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* NOTICE: "relation exists, skipping" */
}

int store_migrate(const char *admin_conninfo, struct text *report)
{
    PGconn *pg = PQconnectdb(admin_conninfo);
    int applied = -EIO;

    if (PQstatus(pg) != CONNECTION_OK) {
        text_addf(report, "%s", PQerrorMessage(pg));
        PQfinish(pg);
        return -ECONNREFUSED;
    }
    PQsetNoticeProcessor(pg, quiet, NULL);
    if (run(pg, "SELECT pg_advisory_lock(" MIGRATE_LOCK ")", report))
        applied = apply_all(pg, report);
    PQfinish(pg); /* gives the lock back */
    return applied;
}
