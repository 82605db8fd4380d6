/* Browser lines, from a page's offer to our answer: the control thread's side. */
#include <errno.h>
#include <hotlined/id.h>
#include <stdlib.h>

#include "media/control.h"

static int print_answer(const struct media *media, const struct line_session *line, char *answer,
                        size_t answer_size)
{
    const struct line_answer ours = {.local = &line->local,
                                     .fingerprint = line_identity_fingerprint(media->identity),
                                     .address = media->public_address,
                                     .port = media->line_port,
                                     .session_id = line->id,
                                     .version = line->version};
    int length = line_answer_print(&line->remote, &ours, answer, answer_size);

    return length < 0 ? length : 0;
}

static int submit_line(struct media *media, command_h *run_command, handle_t handle,
                       const struct line_session *line)
{
    struct command *command = control_command(run_command, handle);
    if (!command)
        return -ENOMEM;

    command->line = malloc(sizeof(*command->line));
    if (!command->line) {
        command_free(command);
        return -ENOMEM;
    }
    command->line->local = line->local;
    command->line->remote = line->remote;
    return control_submit(media, command, false);
}

int media_line_open(struct media *media, const char *offer, size_t length, handle_t *ret_leg,
                    char *answer, size_t answer_size, char *why, size_t why_size)
{
    struct line_session *line = calloc(1, sizeof(*line));
    struct control_leg *leg = NULL;
    handle_t handle = 0;
    int r = -ENOMEM;

    if (!line || !media->engine)
        goto fail;
    r = line_offer_parse(offer, length, &line->remote, why, why_size);
    if (r < 0)
        goto fail;
    r = -EAGAIN;
    leg = slots_take(&media->legs, &handle);
    if (!leg)
        goto fail;
    line_credentials_make(&line->local);
    random_bytes(&line->id, sizeof(line->id));
    line->id >>= 2; /* below 2^62 */
    line->version = 1;
    r = print_answer(media, line, answer, answer_size);
    if (r == 0)
        r = submit_line(media, leg_line_open_command, handle, line);
    if (r < 0)
        goto fail;
    leg->line = line;
    leg->telephone_event = line->remote.telephone_event;
    *ret_leg = handle;
    return 0;
fail:
    slots_release(&media->legs, handle);
    free(line);
    return r;
}

int media_line_restart(struct media *media, handle_t handle, const char *offer, size_t length,
                       char *answer, size_t answer_size)
{
    struct control_leg *leg = control_leg(media, handle);
    struct line_session next;
    char why[160];

    if (!leg || !leg->line)
        return -ESTALE;
    next = *leg->line;
    int r = line_offer_parse(offer, length, &next.remote, why, sizeof(why));
    if (r < 0)
        return r;
    if (!line_remote_same_session(&leg->line->remote, &next.remote))
        return -ESTALE;
    bool restart = !line_remote_same_credentials(&leg->line->remote, &next.remote);
    if (restart)
        line_credentials_make(&next.local);
    next.version++;
    r = print_answer(media, &next, answer, answer_size);
    if (r == 0 && restart)
        r = submit_line(media, leg_line_restart_command, handle, &next);
    if (r == 0)
        *leg->line = next;
    return r;
}
