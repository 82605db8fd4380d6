/* The daemon: every room made, wired to the others, and stopped in the reverse order. */
#ifndef MAIN_DAEMON_H
#define MAIN_DAEMON_H

struct config;

/* Runs until SIGTERM or SIGINT (drained) and returns the exit status. config_path is read again
 * on SIGHUP. */
int daemon_run(const char *config_path, struct config *config);

/* Renders every prompt whose audio file is missing (hotlined --render-prompts). Blocking. */
int render_prompts(const struct config *config);

#endif
