/* The daemon: every room made, wired to the others, and stopped in the reverse order. */
#ifndef MAIN_DAEMON_H
#define MAIN_DAEMON_H

struct config;

/* Runs until SIGTERM or SIGINT (drained) and returns the exit status. config_path is read again
 * on SIGHUP. */
int daemon_run(const char *config_path, struct config *config);

/* Renders every prompt whose audio file is missing (hotlined --render-prompts). Blocking. */
int render_prompts(const struct config *config);

/* Makes the regional center, when there is none, and its first administrator (hotlined
 * --first-admin CODE:NAME:LOGIN), as the owner of the database. The password is the first line of
 * stdin. Blocking. */
int first_admin(const char *admin_conninfo, const char *who);

#endif
