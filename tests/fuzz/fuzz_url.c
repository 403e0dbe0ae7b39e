/* URLs: what is parsed reads the same again, and a Location cannot smuggle anything into a request. The input is a
 * base, a line feed and a reference. */
#include "fuzz.h"
#include "net/proxy.h"
#include "net/url.h"

static void check(struct arena *arena, const struct url *url)
{
    struct url again;
    MUST(url->port && *url->host && url->path[0] == '/' && strlen(url->host) <= HOST_MAX);
    MUST(strspn(url->host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:") == strlen(url->host));
    MUST(!strchr(url->host, ':') || url->ip);
    for (const char *c = url->path; *c; c++)
        MUST(*c > 0x20 && *c < 0x7f && *c != '?' && *c != '#');
    for (const char *c = url->query ? url->query : ""; *c; c++)
        MUST(*c > 0x20 && *c < 0x7f && *c != '#');
    char *text = arena_printf(arena, "%s%s%s", url_public(arena, url), url->query ? "?" : "",
        url->query ? url->query : "");
    MUST(url_parse(arena, slice_of(text), &again) == NULL && url_same_origin(url, &again) && !again.userinfo);
    MUST(strcmp(url->path, again.path) == 0 && !url->query == !again.query && url->ip == again.ip);
    char *value = proxy_authorization(arena, url);
    MUST(!value || (slice_starts(slice_of(value), "Basic ") && !strpbrk(value, "\r\n")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice reference = input(data, size), first = slice_cut(&reference, '\n');
    struct url base, url;
    if (url_parse(&arena, first, &base) == NULL) {
        check(&arena, &base);
        if (slice_find(reference, 0) < 0 && url_resolve(&arena, &base, reference, &url) == NULL) {
            check(&arena, &url);
            if (!slice_has(reference, "//"))
                MUST(url_same_origin(&base, &url));
        }
    }
    arena_free(&arena);
    return 0;
}
