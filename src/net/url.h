#ifndef ECR_NET_URL_H
#define ECR_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define HOST_MAX 253 /* RFC 1035 section 2.3.4, as text */

/* An absolute http or https URL (RFC 3986), taken apart and normalised. The texts live in the arena of url_parse. */
struct url {
    bool https;
    bool ip;              /* `host` is an address literal */
    uint16_t port;        /* never 0: the scheme's default when none is given */
    const char *host;     /* lower case, no brackets, no trailing dot */
    const char *userinfo; /* still percent-encoded, NULL without one: a secret */
    const char *path;     /* begins with '/' */
    const char *query;    /* behind the '?', NULL without one */
};

/*
 * Returns NULL, or what is wrong with the text ("the port is not a number"). A host must be an ASCII name, an IPv4
 * address in four decimal parts or an IPv6 address in brackets; a fragment is dropped.
 */
const char *url_parse(struct arena *arena, struct slice text, struct url *url);

/* Resolves a Location header against the URL that was asked (RFC 3986 section 5, without dot segments). */
const char *url_resolve(struct arena *arena, const struct url *base, struct slice reference, struct url *url);

/* Normalises a host ("[::1]", "Example.COM."); NULL, or what is wrong. */
const char *host_parse(struct arena *arena, struct slice text, const char **host, bool *ip);

bool url_same_origin(const struct url *a, const struct url *b);
bool url_default_port(const struct url *url);

/* "host" or "host:port" when the port is not the scheme's default, IPv6 in brackets: as in a Host header. */
char *url_authority(struct arena *arena, const struct url *url);

/* "https://host:port/path" without user info and query, which may be secret: for messages. */
char *url_public(struct arena *arena, const struct url *url);

#endif
