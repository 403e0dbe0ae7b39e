#ifndef ECR_NET_HOSTS_H
#define ECR_NET_HOSTS_H

#include "net/addr.h"

/*
 * Addresses that a hosts file (the text of /etc/hosts) gives for a name, in its order, at most `max`. Returns how
 * many. Read here and not by getaddrinfo, which does not look there for the absolute names that we ask DNS for.
 */
size_t hosts_find(struct slice text, const char *name, struct addr *found, size_t max);

/* Whether the text of a resolv.conf names a server. Without one the C library would wait seconds for a reply from
 * a server on this machine that is not there. */
bool resolv_conf_has_server(struct slice text);

#endif
