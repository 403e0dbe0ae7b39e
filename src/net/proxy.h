#ifndef ECR_NET_PROXY_H
#define ECR_NET_PROXY_H

#include "base/error.h"
#include "net/url.h"

/* The proxy variables as they stand in the environment; NULL: not set. */
struct proxy_settings {
    const char *https;  /* HTTPS_PROXY */
    const char *http;   /* HTTP_PROXY */
    const char *except; /* NO_PROXY */
};

/* Upper case names first, lower case ones where those are not set. */
void proxy_from_environment(struct proxy_settings *settings);

/*
 * Which proxy a request to `target` goes through. 1 with `proxy`, 0 for none, -1 with `error` for a proxy that cannot
 * be used (another scheme than http, a malformed URL). Loopback, link-local and metadata addresses are never proxied.
 */
int proxy_for(const struct proxy_settings *settings, struct arena *arena, const struct url *target, struct url *proxy,
              struct error *error);

/*
 * Whether a NO_PROXY list exempts a host: "*", a domain with or without a leading dot (itself and what is below it),
 * an address, a network ("10.0.0.0/8"), each with ":port" if it is for one port.
 */
bool proxy_exempt(struct slice list, const struct url *target);

/* The value of a Proxy-Authorization header for the user info of the proxy's URL: NULL without any. A secret. */
char *proxy_authorization(struct arena *arena, const struct url *proxy);

#endif
