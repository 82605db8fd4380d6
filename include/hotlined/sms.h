/* SMS: messages that wait in the database (table sms) go to the gateways of their centers, once a
 * second as many as each may get, and what a gateway answers is written down. What is under way is
 * here only: a message is claimed for a while before it is sent, so that one whose answer nobody
 * could write down (the daemon died, the database went away) is due again by itself, with the same
 * id; a gateway that knows the id sends nothing twice (docs/database.md). */
#ifndef HOTLINED_SMS_H
#define HOTLINED_SMS_H

struct loop;
struct query;
struct query_answer;
struct sms;
struct store;

/* store and query are borrowed; they outlive it. 0 or -ENOMEM. */
int sms_create(struct loop *loop, struct store *store, struct query *query, struct sms **ret_sms);
/* Claims nothing more and hears no answer any more: what is under way is due again. NULL is fine.
 */
void sms_destroy(struct sms *sms);

#define SMS_WHY 200
struct sms_verdict {
    enum sms_end {
        SMS_SENT,   /* taken, perhaps before already */
        SMS_AGAIN,  /* not now, or not with these settings: to be tried again */
        SMS_REFUSED /* never: this message is not to be sent */
    } end;
    char why[SMS_WHY]; /* Chinese, with what the gateway says; "" where it was taken */
    char ref[64];      /* the gateway's own id of the message; "" = it told none */
};
/* What a gateway's answer means for the message. */
void sms_judge(const struct query_answer *answer, struct sms_verdict *ret_verdict);
const char *sms_end_name(enum sms_end end); /* "sent" "again" "refused" */

#endif
