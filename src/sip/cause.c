/* SIP status and Q.850 cause, both ways in one table (after RFC 3398). */
#include "sip/room.h"

static const struct {
    int cause, status;
} causes[] = {
    {1, 404},   /* unallocated number */
    {3, 404},   /* no route to destination */
    {16, 480},  /* normal clearing, before an answer: nobody will take it */
    {17, 486},  /* user busy */
    {18, 408},  /* no user responding */
    {19, 480},  /* no answer from the user */
    {20, 480},  /* subscriber absent */
    {21, 403},  /* call rejected */
    {22, 410},  /* number changed */
    {27, 502},  /* destination out of order */
    {28, 484},  /* invalid number format */
    {31, 480},  /* normal, unspecified */
    {34, 503},  /* no circuit available */
    {38, 503},  /* network out of order */
    {41, 503},  /* temporary failure */
    {42, 503},  /* switching equipment congestion */
    {47, 503},  /* resource unavailable */
    {65, 488},  /* bearer capability not implemented */
    {79, 501},  /* service not implemented */
    {88, 488},  /* incompatible destination */
    {102, 504}, /* recovery on timer expiry */
    {111, 500}, /* protocol error */
    {127, 500}, /* interworking */
};

int cause_to_status(int q850_cause)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (causes[i].cause == q850_cause)
            return causes[i].status;
    return 480;
}

const char *status_phrase(int status)
{
    const char *phrase = sip_status_phrase(status);

    return phrase ? phrase : "Error";
}
