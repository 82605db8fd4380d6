/* RTP legs, what is measured on legs and what is played to them: the control thread's side. */
#include <errno.h>
#include <hotlined/log.h>
#include <stdlib.h>

#include "media/control.h"

/* The other side's description in socket addresses. An address of 0.0.0.0 or port 0 is a hold. */
static int resolve(const struct media_rtp_conf *conf, struct command_remote *ret_remote)
{
    const struct sdp_audio *remote = conf->remote;
    struct command_remote result = {.codec = conf->codec, .telephone_event = conf->telephone_event};

    if (remote) {
        uint16_t rtcp_port = remote->rtcp_port ? remote->rtcp_port : (uint16_t)(remote->port + 1);
        if (addr_parse(remote->address, remote->port, &result.rtp) < 0 ||
            addr_parse(remote->address, rtcp_port, &result.rtcp) < 0)
            return -EINVAL;
        result.known = true;
        bool hold = remote->port == 0 || addr_is_any(&result.rtp);
        result.may_send =
            !hold && (remote->direction == SDP_SENDRECV || remote->direction == SDP_RECVONLY);
        result.expects =
            !hold && (remote->direction == SDP_SENDRECV || remote->direction == SDP_SENDONLY);
    }
    *ret_remote = result;
    return 0;
}

int media_leg_open(struct media *media, const struct media_rtp_conf *conf, handle_t *ret_leg,
                   uint16_t *ret_port)
{
    struct command_remote remote;
    struct command *command = NULL;
    struct control_leg *leg;
    handle_t handle = 0;
    uint16_t port = 0;
    int r = resolve(conf, &remote);

    if (r < 0)
        return r;
    leg = slots_take(&media->legs, &handle);
    command = control_command(leg_open_command, handle);
    if (!leg || !command) {
        r = leg ? -ENOMEM : -EAGAIN;
        goto fail;
    }
    r = ports_open(&media->ports, &port, command->fds);
    if (r < 0)
        goto fail;
    command->remote = remote;
    leg->port = port;
    leg->telephone_event = conf->telephone_event;
    r = control_submit(media, command, false);
    command = NULL;
    if (r < 0)
        goto fail;
    *ret_leg = handle;
    *ret_port = port;
    return 0;
fail:
    if (command)
        command_free(command);
    if (port)
        ports_give_back(&media->ports, port, (int[2]){-1, -1});
    slots_release(&media->legs, handle);
    return r;
}

int media_leg_set_remote(struct media *media, handle_t handle, const struct media_rtp_conf *conf)
{
    struct control_leg *leg = control_leg(media, handle);
    struct command_remote remote;

    if (!leg || leg->line)
        return -ENOENT;
    int r = resolve(conf, &remote);
    if (r < 0)
        return r;
    struct command *command = control_command(leg_remote_command, handle);
    if (!command)
        return -ENOMEM;
    command->remote = remote;
    leg->telephone_event = conf->telephone_event;
    return control_submit(media, command, false);
}

void media_leg_close(struct media *media, handle_t handle)
{
    struct control_leg *leg = control_leg(media, handle);
    if (!leg)
        return;
    struct command *command = control_command(leg_close_command, handle);

    if (!command) {
        log_error("media", "leg_not_closed", "leg=%u reason=memory", handle);
        return;
    }
    control_forget_seat(media, handle, leg);
    leg->closing = true;
    (void)control_submit(media, command, true);
}

int media_measure_begin(struct media *media, handle_t handle, uint32_t token)
{
    struct command *command =
        control_leg(media, handle) ? control_command(leg_measure_begin_command, handle) : NULL;

    if (!command)
        return control_leg(media, handle) ? -ENOMEM : -ENOENT;
    command->token = token;
    return control_submit(media, command, false);
}

void media_measure_end(struct media *media, handle_t handle)
{
    struct command *command =
        control_leg(media, handle) ? control_command(leg_measure_end_command, handle) : NULL;

    if (command)
        (void)control_submit(media, command, true);
}

int media_leg_send_digit(struct media *media, handle_t handle, char digit, int duration_ms)
{
    const struct control_leg *leg = control_leg(media, handle);

    if (!leg)
        return -ENOENT;
    if (tev_event_of(digit) < 0)
        return -EINVAL;
    if (leg->telephone_event < 0)
        return -ENOTSUP;
    struct command *command = control_command(leg_digit_command, handle);
    if (!command)
        return -ENOMEM;
    command->digit = digit;
    command->duration_ms = duration_ms;
    return control_submit(media, command, false);
}

/* --- playing -------------------------------------------------------------------------------- */

int media_play(struct media *media, handle_t handle, const struct media_play *play)
{
    struct control_leg *leg = control_leg(media, handle);

    if (!leg)
        return -ENOENT;
    if (play->count == 0 || play->count > MEDIA_PLAY_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < play->count; i++)
        if (!play->audio[i])
            return -EINVAL;
    struct command *command = control_command(play_command, handle);
    struct media_play *copy = malloc(sizeof(*copy));
    if (!command || !copy) {
        free(copy);
        free(command);
        return -ENOMEM;
    }
    *copy = *play;
    for (unsigned i = 0; i < copy->count; i++)
        (void)media_audio_ref(copy->audio[i]);
    command->play = copy;
    command->serial = leg->serial + 1;
    int r = control_submit(media, command, false);
    if (r == 0)
        leg->serial++;
    return r;
}

void media_stop_play(struct media *media, handle_t handle)
{
    struct control_leg *leg = control_leg(media, handle);
    if (!leg)
        return;
    struct command *command = control_command(play_stop_command, handle);

    leg->serial++;
    if (command)
        (void)control_submit(media, command, true);
    else
        log_error("media", "play_not_stopped", "leg=%u reason=memory", handle);
}
