#ifndef ECR_NET_RESOLVE_H
#define ECR_NET_RESOLVE_H

#include "base/error.h"
#include "net/addr.h"

#define RESOLVE_MAX 32 /* addresses kept of a name; happy eyeballs would reach no further in five seconds */

/*
 * The addresses of a host, IPv6 and IPv4 in turn (RFC 8305 section 4), all with `port`. Literals, localhost and
 * /etc/hosts need no DNS. IPv4 and IPv6 are asked apart, each in a thread that can be left behind, so that a server
 * that answers AAAA badly or not at all does no harm. Returns how many were found, at least 1, or -1 with `error`.
 */
int resolve_host(const char *host, uint16_t port, int64_t deadline, struct addr found[static RESOLVE_MAX],
                 struct error *error);

#endif
