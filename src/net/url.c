#include "net/url.h"

#include <string.h>

#include "net/addr.h"

static bool is_host_char(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* "127.1" and "0x7f.1" are addresses to some libraries and names to others, so a numeric last label is refused. */
static bool last_label_is_number(struct slice name)
{
    struct slice last = slice_from(name, (size_t)(slice_rfind(name, '.') + 1));
    uint64_t ignored;
    return slice_number(last, UINT64_MAX, &ignored) || slice_starts_nocase(last, "0x");
}

static const char *name_fault(struct slice name)
{
    if (name.len == 0)
        return "the host is empty";
    if (name.len > HOST_MAX)
        return "the host is longer than 253 characters";
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.data[i] >= 0x80)
            return "the host is not ASCII (write the punycode form, xn--...)";
        if (!is_host_char(name.data[i]))
            return "the host has a character that no host name has";
    }
    for (struct slice rest = name; rest.data;) {
        struct slice label = slice_cut(&rest, '.');
        if (label.len == 0 || label.len > 63)
            return "the host has an empty or overlong label";
    }
    return last_label_is_number(name) ? "the host is neither a name nor an address" : NULL;
}

const char *host_parse(struct arena *arena, struct slice text, const char **host, bool *ip)
{
    struct addr ignored;
    *ip = true;
    if (text.len && text.data[0] == '[') {
        if (text.data[text.len - 1] != ']')
            return "the IPv6 address has no closing bracket";
        text = slice_head(slice_from(text, 1), text.len - 2);
        if (slice_find(text, ':') < 0 || !addr_parse(text, 0, &ignored))
            return "the brackets do not hold an IPv6 address";
    } else if (!addr_parse(text, 0, &ignored) || slice_find(text, ':') >= 0) {
        *ip = false;
        if (text.len > 1 && text.data[text.len - 1] == '.')
            text.len--;
        const char *fault = name_fault(text);
        if (fault)
            return fault;
    }
    *host = arena_lower(arena, text);
    return NULL;
}

static const char *parse_authority(struct arena *arena, struct slice text, struct url *url)
{
    ptrdiff_t at = slice_rfind(text, '@');
    if (at >= 0) {
        url->userinfo = arena_copy(arena, slice_head(text, (size_t)at));
        text = slice_from(text, (size_t)at + 1);
    }
    ptrdiff_t bracket = slice_rfind(text, ']');
    ptrdiff_t colon = slice_rfind(text, ':');
    url->port = url->https ? 443 : 80;
    if (colon > bracket) {
        uint64_t port;
        if (!slice_number(slice_from(text, (size_t)colon + 1), 65535, &port) || port == 0)
            return "the port is not a number from 1 to 65535";
        url->port = (uint16_t)port;
        text = slice_head(text, (size_t)colon);
    }
    return host_parse(arena, text, &url->host, &url->ip);
}

static bool is_target_char(char c)
{
    return c > 0x20 && c < 0x7f;
}

static void parse_target(struct arena *arena, struct slice text, struct url *url)
{
    struct slice target = slice_cut(&text, '#');
    struct slice query = target;
    struct slice path = slice_cut(&query, '?');
    url->path = path.len ? arena_copy(arena, path) : "/";
    url->query = query.data ? arena_copy(arena, query) : NULL;
}

const char *url_parse(struct arena *arena, struct slice text, struct url *url)
{
    *url = (struct url){.https = slice_starts_nocase(text, "https://")};
    if (!url->https && !slice_starts_nocase(text, "http://"))
        return "it does not begin with http:// or https://";
    for (size_t i = 0; i < text.len; i++)
        if (!is_target_char(text.data[i]) && (unsigned char)text.data[i] < 0x80)
            return "it holds a space or a control character";
    text = slice_from(text, url->https ? 8 : 7);
    size_t end = 0;
    while (end < text.len && !strchr("/?#", text.data[end]))
        end++;
    const char *fault = parse_authority(arena, slice_head(text, end), url);
    if (fault)
        return fault;
    for (size_t i = end; i < text.len; i++)
        if (!is_target_char(text.data[i]))
            return "it holds a character that must be percent-encoded";
    parse_target(arena, slice_from(text, end), url);
    return NULL;
}

const char *url_resolve(struct arena *arena, const struct url *base, struct slice reference, struct url *url)
{
    if (slice_find(reference, 0) >= 0)
        return "it holds a NUL";
    if (slice_starts_nocase(reference, "http://") || slice_starts_nocase(reference, "https://"))
        return url_parse(arena, reference, url);
    const char *scheme = base->https ? "https:" : "http:";
    if (slice_starts(reference, "//"))
        return url_parse(arena, slice_of(arena_printf(arena, "%s%.*s", scheme, SLICE_ARGS(reference))), url);
    size_t first = 0;
    while (first < reference.len && !strchr(":/?#", reference.data[first]))
        first++;
    if (first < reference.len && reference.data[first] == ':')
        return "its scheme is neither http nor https";
    char *folder = arena_strdup(arena, base->path);
    strrchr(folder, '/')[1] = 0;
    bool itself = reference.len == 0 || reference.data[0] == '#';
    if (itself)
        reference = slice_of(base->query ? arena_printf(arena, "?%s", base->query) : "");
    bool same_path = itself || reference.data[0] == '?';
    const char *before = same_path ? base->path : reference.data[0] == '/' ? "" : folder;
    char *absolute =
        arena_printf(arena, "%s//%s%s%.*s", scheme, url_authority(arena, base), before, SLICE_ARGS(reference));
    return url_parse(arena, slice_of(absolute), url);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool url_default_port(const struct url *url)
{
    return url->port == (url->https ? 443 : 80);
}

char *url_authority(struct arena *arena, const struct url *url)
{
    bool v6 = strchr(url->host, ':') != NULL;
    char *host = arena_printf(arena, v6 ? "[%s]" : "%s", url->host);
    return url_default_port(url) ? host : arena_printf(arena, "%s:%u", host, (unsigned)url->port);
}

char *url_public(struct arena *arena, const struct url *url)
{
    return arena_printf(arena, "%s://%s%s", url->https ? "https" : "http", url_authority(arena, url), url->path);
}
