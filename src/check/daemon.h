#ifndef ECR_CHECK_DAEMON_H
#define ECR_CHECK_DAEMON_H

#include "check/probe.h"

/*
 * Asks the daemon about each undecided item by `ask`, whose scratch arena is reset behind it. A daemon that cannot be
 * had is a step of all of them: skipped when there was nothing to connect to.
 */
void daemon_ask_each(struct session *session, struct todo todo, const char *source, bool for_local,
                     void (*ask)(struct session *, struct docker *, struct item *, struct arena *));

/* Records what came of asking: a definite reason decides, with `outcome` for what else is known; others are a step. */
void daemon_record(struct session *session, struct item *item, const char *source, struct outcome *outcome,
                   const struct error *failed, struct arena *scratch);

/* What a daemon logs in to a registry with, in `arena`. */
const struct docker_login *daemon_login(struct arena *arena, const struct docker_auth *auth, const char *registry);

#endif
