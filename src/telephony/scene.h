/* Private to telephony: a call's stage carried out by media: who hears whom, and music. */
#ifndef TELEPHONY_SCENE_H
#define TELEPHONY_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/slots.h>

struct call;
struct media_tracks;
struct stage_party;
struct telephony;

int scene_open(struct telephony *t, struct call *call);
void scene_close(struct telephony *t, struct call *call); /* and everybody leaves the stage */
/* After every change of the stage or of somebody's line. */
void scene_play(struct telephony *t, struct call *call);
/* NULL: not on the stage. */
struct stage_party *scene_far(struct call *call);
struct stage_party *scene_agent(struct call *call, int32_t user_id);
struct stage_party *scene_outside(struct call *call); /* whom it reached for */
/* Handler of media: nothing is heard of somebody on a stage, or again. Who would hear nobody else
 * hears music meanwhile. */
void scene_gap(handle_t media, handle_t room, bool quiet, void *arg);
/* Who is recorded on which track: people outside left, agents who speak right (not who listens). */
void scene_tracks(const struct call *call, struct media_tracks *ret_tracks);

#endif
