#ifndef ECR_NET_HOSTS_H
#define ECR_NET_HOSTS_H

#include "net/addr.h"

/*
 * Addresses that a hosts file (the text of /etc/hosts) gives for a name, in its order, at most `max`. Returns how
 * many. Read here and not by getaddrinfo, which does not look there for the absolute names that we ask DNS for.
 */
size_t hosts_find(struct slice text, const char *name, struct addr *found, size_t max);

/* Takes the next name server from the text of a resolv.conf; empty when it names no more. */
struct slice resolv_conf_server(struct slice *text);

#endif
