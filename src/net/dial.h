#ifndef ECR_NET_DIAL_H
#define ECR_NET_DIAL_H

#include "base/error.h"
#include "net/addr.h"

#define DIAL_STAGGER_MS 250 /* RFC 8305 section 8: after this the next address is tried beside the slow one */

/*
 * Connects to the first address of `host` that answers; the lookup and the connecting each have `timeout_ms` (the
 * lookup a second more), both end at `deadline`. A host out of `reach` is refused.
 * Returns a non-blocking socket with TCP_NODELAY, and its address in `peer`; or -1 with `error`.
 */
int dial_tcp(const char *host, uint16_t port, enum addr_reach reach, int64_t timeout_ms, int64_t deadline,
             struct addr *peer, struct error *error);

/* Connects to a unix socket. Returns a non-blocking socket, or -1. */
int dial_unix(const char *path, struct error *error);

#endif
