/* Callers who wait for one agent alone (指定坐席). They are in his own set instead of their
 * queue's; when it is over they go to their queue's, in the place they would have had all the time.
 */
#include "acd/state.h"

bool preferred_is_over(const struct acd *acd, uint64_t now, uint32_t at,
                       enum acd_preferred_end *ret_end)
{
    const struct entry *entry = &acd->entries[at];

    if (acd->agents[entry->preferred].state == ACD_SIGNED_OUT ||
        member_index(acd, entry->preferred, entry->queue) == NONE)
        *ret_end = ACD_PREFERRED_GONE;
    else if (now >= entry->preferred_until)
        *ret_end = ACD_PREFERRED_NO_ANSWER;
    else
        return false;
    return true;
}

void preferred_over(struct acd *acd, uint64_t now, uint32_t at, enum acd_preferred_end end)
{
    struct entry *entry = &acd->entries[at];
    struct acd_command *command = say(acd, ACD_PREFERRED_OVER);

    command->agent = acd->agents[entry->preferred].id;
    command->queue = acd->queues[entry->queue].conf.id;
    command->entry = entry_handle(acd, at);
    command->tag = entry->tag;
    command->preferred_end = end;
    command->leaves = entry->leaves[end];
    entry_unwait(acd, at);
    entry->preferred = NONE;
    if (entry->leaves[end])
        entry->rest_until = now + ACD_REOFFER_MS; /* nobody is rung for a caller who goes */
    if (entry->offers)
        return; /* rings at somebody it was assigned to */
    entry_wait(acd, now, at);
    match_entry(acd, now, at);
}

/* One whose membership is there still stays. From the first each time: what is over may lead to
 * offers, and to others of them being over. */
static bool is_gone(uint32_t at, void *arg)
{
    const struct acd *acd = arg;
    enum acd_preferred_end end;

    return preferred_is_over(acd, 0, at, &end);
}

void preferred_gone(struct acd *acd, uint64_t now, uint32_t agent)
{
    uint32_t at;

    while ((at = order_find(acd->entry_nodes, &acd->agents[agent].own, is_gone, acd)) != ORDER_NONE)
        preferred_over(acd, now, at, ACD_PREFERRED_GONE);
}
