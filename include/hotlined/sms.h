/* SMS: messages that wait in the database (table sms) go to the gateways of their centers, once a
 * second as many as each may get, and what a gateway answers is written down. What is under way is
 * here only: a message is claimed for a while before it is sent, so that one whose answer nobody
 * could write down (the daemon died, the database went away) is due again by itself, with the same
 * id; a gateway that knows the id sends nothing twice (docs/database.md). */
#ifndef HOTLINED_SMS_H
#define HOTLINED_SMS_H

struct loop;
struct query;
struct sms;
struct store;

/* store and query are borrowed; they outlive it. 0 or -ENOMEM. */
int sms_create(struct loop *loop, struct store *store, struct query *query, struct sms **ret_sms);
/* Claims nothing more, and hears no answer any more: what is under way is due again. NULL is fine. */
void sms_destroy(struct sms *sms);

#endif
