#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/buf.h"

/* The address bytes; IPv4 written as IPv6 counts as IPv4. Returns how many there are. */
static size_t address_bytes(const struct addr *addr, const uint8_t **bytes)
{
    if (addr->storage.ss_family == AF_INET) {
        *bytes = (const uint8_t *)&((const struct sockaddr_in *)&addr->storage)->sin_addr;
        return 4;
    }
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&addr->storage)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(v6)) {
        *bytes = v6->s6_addr + 12;
        return 4;
    }
    *bytes = v6->s6_addr;
    return 16;
}

bool addr_parse(struct slice literal, uint16_t port, struct addr *addr)
{
    char text[INET6_ADDRSTRLEN];
    memset(addr, 0, sizeof *addr);
    if (literal.len >= sizeof text || slice_find(literal, 0) >= 0)
        return false;
    if (literal.len)
        memcpy(text, literal.data, literal.len);
    text[literal.len] = 0;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&addr->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr->storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        addr->len = sizeof *v4;
        addr_set_port(addr, port);
        return true;
    }
    memset(addr, 0, sizeof *addr); /* a failed attempt may leave its first parts behind */
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    addr->len = sizeof *v6;
    addr_set_port(addr, port);
    return true;
}

bool addr_from_bytes(struct slice bytes, struct addr *addr)
{
    memset(addr, 0, sizeof *addr);
    if (bytes.len == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&addr->storage;
        v4->sin_family = AF_INET;
        memcpy(&v4->sin_addr, bytes.data, 4);
        addr->len = sizeof *v4;
    } else if (bytes.len == 16) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr->storage;
        v6->sin6_family = AF_INET6;
        memcpy(&v6->sin6_addr, bytes.data, 16);
        addr->len = sizeof *v6;
    }
    return addr->len != 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    const uint8_t *x, *y;
    size_t size = address_bytes(a, &x);
    return size == address_bytes(b, &y) && memcmp(x, y, size) == 0;
}

void addr_set_port(struct addr *addr, uint16_t port)
{
    if (addr->storage.ss_family == AF_INET)
        ((struct sockaddr_in *)&addr->storage)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&addr->storage)->sin6_port = htons(port);
}

/* The longest run of zero groups, of two at least, is left out (RFC 5952 section 4.2). */
static int zeros_start(const uint16_t groups[8], int *length)
{
    int start = -1;
    *length = 1;
    for (int i = 0, run; i < 8; i += run + 1) {
        for (run = 0; i + run < 8 && groups[i + run] == 0;)
            run++;
        if (run > *length) {
            start = i;
            *length = run;
        }
    }
    return start;
}

static void write_ipv6(struct buf *text, const uint8_t bytes[16])
{
    uint16_t groups[8];
    int length, start;
    for (int i = 0; i < 8; i++)
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    start = zeros_start(groups, &length);
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            buf_str(text, i ? ":" : "::");
            i += length - 1;
            continue;
        }
        buf_printf(text, "%x%s", groups[i], i < 7 ? ":" : "");
    }
}

void addr_text(const struct addr *addr, char out[static ADDR_TEXT])
{
    struct buf text = BUF_INIT;
    if (addr->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addr->storage;
        const uint8_t *b = (const uint8_t *)&v4->sin_addr;
        buf_printf(&text, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3], (unsigned)ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&addr->storage;
        const uint8_t *bytes = v6->sin6_addr.s6_addr;
        buf_char(&text, '[');
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            buf_printf(&text, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
        else
            write_ipv6(&text, bytes);
        buf_printf(&text, "]:%u", (unsigned)ntohs(v6->sin6_port));
    }
    memcpy(out, text.data, text.len + 1);
    buf_free(&text);
}

bool addr_in_network(const struct addr *addr, struct slice network)
{
    struct slice bits_text = network;
    struct slice literal = slice_cut(&bits_text, '/');
    struct addr net;
    const uint8_t *a, *b;
    if (!addr_parse(literal, 0, &net))
        return false;
    size_t size = address_bytes(addr, &a);
    if (address_bytes(&net, &b) != size)
        return false;
    uint64_t bits = size * 8;
    if (bits_text.data && !slice_number(bits_text, size * 8, &bits))
        return false;
    size_t whole = (size_t)bits / 8, left = (size_t)bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0;
}

bool addr_is_loopback(const struct addr *addr)
{
    return addr_in_network(addr, SLICE("127.0.0.0/8")) || addr_in_network(addr, SLICE("::1"));
}

bool addr_is_internal(const struct addr *addr)
{
    static const char *const networks[] = {"169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "0.0.0.0/8", "::"};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (addr_in_network(addr, slice_of(networks[i])))
            return true;
    return addr_is_loopback(addr);
}

bool addr_in_reach(const struct addr *addr, enum addr_reach reach)
{
    return reach == REACH_ANY || !addr_is_internal(addr) || (reach == REACH_LOOPBACK && addr_is_loopback(addr));
}

enum addr_reach addr_reach_of(const struct addr *addr)
{
    if (!addr_is_internal(addr))
        return REACH_OUTSIDE;
    return addr_is_loopback(addr) ? REACH_LOOPBACK : REACH_ANY;
}

bool host_is_loopback(const char *host)
{
    struct addr addr;
    if (addr_parse(slice_of(host), 0, &addr))
        return addr_is_loopback(&addr);
    return strcmp(host, "localhost") == 0;
}
