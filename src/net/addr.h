#ifndef ECR_NET_ADDR_H
#define ECR_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

/* A socket address, IPv4 or IPv6. */
struct addr {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* "192.0.2.1" (four decimal parts) or "2001:db8::1", without brackets and zone. */
bool addr_parse(struct slice literal, uint16_t port, struct addr *addr);

/* From the 4 or 16 bytes of an address, port 0; false for another length. */
bool addr_from_bytes(struct slice bytes, struct addr *addr);

/* The same host address; ports do not count. */
bool addr_equal(const struct addr *a, const struct addr *b);

void addr_set_port(struct addr *addr, uint16_t port);

/* "192.0.2.1:443", "[2001:db8::1]:443". */
#define ADDR_TEXT 64
void addr_text(const struct addr *addr, char out[static ADDR_TEXT]);

/* 127.0.0.0/8, ::1, and IPv4 written as IPv6. */
bool addr_is_loopback(const struct addr *addr);

/* Whether a host is this machine: a loopback address, or "localhost". */
bool host_is_loopback(const char *host);

/*
 * An address that no service elsewhere may send us to: loopback, link-local (which holds the metadata services of
 * EC2 and ECS), EC2's fd00:ec2::/32, and the unspecified address. RFC 1918 is not among them: PrivateLink lives there.
 */
bool addr_is_internal(const struct addr *addr);

/* Where a reply may lead us: its sender must not reach through us what it cannot reach itself. */
enum addr_reach {
    REACH_ANY,      /* the URL is the user's own */
    REACH_LOOPBACK, /* the sender is on this machine: there as well, and outside */
    REACH_OUTSIDE   /* to no internal address */
};

/* Whether the address may be gone to. */
bool addr_in_reach(const struct addr *addr, enum addr_reach reach);

/* Where the server at an address may lead us. */
enum addr_reach addr_reach_of(const struct addr *addr);

/* Whether the address lies in "10.0.0.0/8", "fd00::/8" or equals a plain literal. False if `network` is neither. */
bool addr_in_network(const struct addr *addr, struct slice network);

#endif
